"""From a SMILES string to RDKit's molecule, or to the reason why not. Runs in the worker processes only."""

from rdkit import Chem, rdBase

from engine.chemistry.checking import refusal, size_refusal, unmatched


class NoMolecule(ValueError):
    """A string that stands for no molecule that is scored; the message is the reason, as half a sentence."""


def parse(smiles: str) -> Chem.Mol:
    """A sanitised molecule. Raises NoMolecule."""
    reason = refusal(smiles)
    if reason:
        raise NoMolecule(reason)
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None:
            raise NoMolecule(_why_not(smiles))
    reason = size_refusal(molecule.GetNumHeavyAtoms(), molecule.GetRingInfo().NumRings())
    if reason:
        raise NoMolecule(reason)
    return molecule


def _why_not(smiles: str) -> str:
    """What is wrong with a string that RDKit refuses: its writing, or its chemistry (an atom and what ails it)."""
    molecule = Chem.MolFromSmiles(smiles, sanitize=False)
    if molecule is None:
        if unmatched(smiles):
            return "its brackets, branches or ring labels do not match"
        return "an atom or a sign in it is against the rules of SMILES"
    problems = Chem.DetectChemistryProblems(molecule)
    if not problems:
        return "RDKit cannot make a molecule of it"
    problem = problems[0]
    if problem.GetType() == "AtomValenceException":
        atom = molecule.GetAtomWithIdx(problem.GetAtomIdx())
        return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has more bonds than it can have"
    if problem.GetType() == "KekulizeException":
        return "an aromatic ring in it cannot be drawn with single and double bonds"
    return " ".join(problem.Message().split())[:120]
