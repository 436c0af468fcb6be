"""Writes guacamol_scores.csv: what the guacamol package itself (0.5.5) says of some hundred molecules.

    pip install --no-deps --target FOLDER guacamol==0.5.5
    python tests/chemistry/guacamol_scores.py FOLDER

The package asks for an old scipy and for FCD, which none of these goals uses; both are stood in for here.
"""

import csv
import sys
import types
from itertools import islice
from pathlib import Path

import numpy
import scipy
from rdkit import Chem, rdBase

TABLE = Path(__file__).with_suffix(".csv")
ODD = [
    "C",
    "[NH4+]",
    "O",
    "[Na+].[Cl-]",
    "CC(=O)O.CCN",
    "C" * 100,
    "[13CH4]",
    "C#N",
    "[O-][N+](=O)c1ccccc1",
    "F/C=C/F",
    "C1CCCCCCCCCCCCCC1",
    "OS(=O)(=O)O",
    "ClC(Cl)(Cl)Cl",
    "c1ccc2c(c1)ccc1ccccc12",
    "C[Si](C)(C)C",
    "CP(C)(=O)C",
    "B(O)(O)c1ccccc1",
    "N[C@@H](C)C(=O)O",
    "N[C@H](C)C(=O)O",
    "CN(C=O)Cc1ccc(-c2ccccc2)cc1",
    "CCCOc1cc2ncnc(Nc3ccccc3)c2cc1",
    "Cc1ccc(-n2nc(C(F)(F)F)cc2-c2ccc(S(N)(=O)=O)cc2)cc1",  # celecoxib with its two outer groups exchanged
    "Nc1ccc(C(=O)NO)cc1",
    "NP(=O)(c1c(F)c(F)cc(Cl)c1)N(O)CCC",
]


def benchmarks(folder: str) -> dict:
    """guacamol's own goals under our names, as its version 2 suite builds them."""
    sys.path.insert(0, folder)
    sys.modules["fcd"] = types.ModuleType("fcd")
    for name in ("get_fcd", "load_ref_model", "canonical_smiles", "get_predictions", "calculate_frechet_distance"):
        setattr(sys.modules["fcd"], name, None)
    scipy.histogram = numpy.histogram
    from guacamol import benchmark_suites, standard_benchmarks

    names = ["celecoxib_rediscovery", "troglitazone_rediscovery", "thiothixene_rediscovery"]
    names += ["aripiprazole_similarity", "albuterol_similarity", "mestranol_similarity"]
    names += ["isomers_c11h24", "isomers_c9h10n2o2pf2cl", "median1", "median2", "osimertinib_mpo", "fexofenadine_mpo"]
    names += ["ranolazine_mpo", "perindopril_mpo", "amlodipine_mpo", "sitagliptin_mpo", "zaleplon_mpo"]
    names += ["valsartan_smarts", "deco_hop", "scaffold_hop"]
    suite = dict(zip(names, benchmark_suites.goal_directed_benchmark_suite("v2"), strict=True))
    del suite["isomers_c11h24"]
    return suite | {"isomers_c7h8n2o2": standard_benchmarks.isomers_c7h8n2o2()}


def molecules() -> list[str]:
    """The goals' own targets, odd ones, and every so many of the molecules that the installed packages carry."""
    from engine.chemistry import corpus
    from engine.chemistry.objectives import guacamol
    from engine.chemistry.parsing import NoMolecule, parse

    targets = [value for name, value in vars(guacamol).items() if name.isupper() and isinstance(value, str)]
    found = [*targets, *ODD]
    with rdBase.BlockLogs():
        for text in islice(corpus.shipped(), 0, None, 94):
            try:
                found += [text] if 8 <= parse(text).GetNumHeavyAtoms() <= 40 else []
            except NoMolecule:
                continue
        return [text for text in dict.fromkeys(found) if Chem.MolFromSmiles(text) is not None]


def main(folder: str) -> None:
    suite, texts = benchmarks(folder), molecules()
    with TABLE.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["smiles", *suite])
        for text in texts:
            # guacamol is asked about the canonical form, as ours scores: RDKit's QED and Bertz feel the atoms' order.
            canonical = Chem.MolToSmiles(Chem.MolFromSmiles(text))
            table.writerow([text, *(repr(float(one.objective.score(canonical))) for one in suite.values())])
    print(f"{len(texts)} molecules, {len(suite)} goals")


if __name__ == "__main__":
    main(sys.argv[1])
