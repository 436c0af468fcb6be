"""How good a prior is: its samples beside the molecules it was taught.

valid               molecules / samples
unique              different molecules / molecules
new                 different molecules that were not taught / different molecules
scaffold_diversity  different Bemis-Murcko scaffolds / different molecules
internal_diversity  1 - mean Tanimoto similarity of pairs (Morgan, radius 2, 1024 bits), as IntDiv1 of MOSES
                    (Polykovskiy et al. 2020, Front. Pharmacol. 11:565644), over PAIRS pairs drawn at random
descriptor_distance Frechet distance (squared) of DESCRIPTORS, each divided by its deviation among the taught:
                    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2), Preuer et al. 2018 (J. Chem. Inf. Model. 58:1736) with
                    descriptors for the activations of a network; 0 for equal means and covariances
"""

import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from engine.chemistry.components import component, question
from engine.chemistry.polishing import texts
from engine.chemistry.prior import MAX_LENGTH, Prior
from engine.chemistry.scoring import Scored, Scorer
from engine.policies.tokens import sample

DESCRIPTORS: dict[str, Callable[[Chem.Mol], float]] = {
    "weight": rdMolDescriptors._CalcMolWt,
    "logp": lambda molecule: rdMolDescriptors.CalcCrippenDescriptors(molecule)[0],
    "tpsa": rdMolDescriptors.CalcTPSA,
    "donors": rdMolDescriptors.CalcNumHBD,
    "acceptors": rdMolDescriptors.CalcNumHBA,
    "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
    "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
    "rings": rdMolDescriptors.CalcNumRings,
    "sp3_share": rdMolDescriptors.CalcFractionCSP3,
}
PAIRS = 50_000
SAMPLED_AT_ONCE = 256
PATIENCE = 60.0  # seconds for one molecule: what counts as one must not hang on how busy the machine is


@dataclass(frozen=True)
class Described:
    """What some molecules are like. mean [D] and covariance [D, D] of DESCRIPTORS, QED apart."""

    molecules: int
    mean_qed: float
    mean_heavy_atoms: float
    scaffold_diversity: float
    internal_diversity: float
    mean: list[float]
    covariance: list[list[float]]

    def figures(self) -> dict[str, float]:
        names = ("molecules", "mean_qed", "mean_heavy_atoms", "scaffold_diversity", "internal_diversity")
        return {name: getattr(self, name) for name in names}


def samples(prior: Prior, n: int, seed: int, temperature: float = 1.0) -> list[str]:
    """n strings that the prior writes, as they come: not all of them are molecules. "" for one that does not end."""
    model, generator = prior.model(), torch.Generator().manual_seed(seed)
    found: list[str] = []
    while len(found) < n:
        drawn = sample(model, min(SAMPLED_AT_ONCE, n - len(found)), MAX_LENGTH, generator, temperature)
        found += texts(drawn, prior.vocabulary)
    return found


def check(prior: Prior, n: int, seed: int, temperature: float = 1.0) -> dict[str, float]:
    """The figures of n samples, and how far they are from the taught molecules as the card describes them."""
    molecules = _molecules(samples(prior, n, seed, temperature))
    unique = {str(item.canonical) for item in molecules}
    found = {
        "samples": n,
        "valid": len(molecules) / n,
        "unique": len(unique) / max(1, len(molecules)),
        "new": sum(not prior.knows(smiles) for smiles in unique) / max(1, len(unique)),
    }
    if not molecules:
        return found
    sampled = _described(molecules)
    distance = frechet_distance(sampled, Described(**prior.card["taught"]))
    return found | {k: v for k, v in sampled.figures().items() if k != "molecules"} | {"descriptor_distance": distance}


def describe(smiles: Sequence[str]) -> Described:
    """What molecules are like. Raises ValueError where not one of the strings is a molecule."""
    molecules = _molecules(smiles)
    if not molecules:
        raise ValueError("there is no molecule to describe")
    return _described(molecules)


def _molecules(smiles: Sequence[str]) -> list[Scored]:
    scorer = Scorer({"qed": question(component("qed"))}, timeout=PATIENCE)
    try:
        return [item for item in scorer.score(smiles) if item.valid]
    finally:
        scorer.close()


def _described(found: list[Scored]) -> Described:
    """Sizes, QED and descriptors over all molecules, diversities over the different ones."""
    values = {str(item.canonical): _descriptors(str(item.canonical)) for item in found}
    table = np.array([values[str(item.canonical)] for item in found])
    return Described(
        molecules=len(found),
        mean_qed=statistics.fmean(item.values["qed"] for item in found),
        mean_heavy_atoms=statistics.fmean(item.heavy_atoms for item in found),
        scaffold_diversity=len({item.scaffold for item in found}) / len(values),
        internal_diversity=internal_diversity(map(Chem.MolFromSmiles, values)),
        mean=table.mean(0).tolist(),
        covariance=np.cov(table.T, ddof=0).tolist(),
    )


def _descriptors(smiles: str) -> list[float]:
    molecule = Chem.MolFromSmiles(smiles)
    return [float(compute(molecule)) for compute in DESCRIPTORS.values()]


def internal_diversity(molecules: Iterable[Chem.Mol]) -> float:
    """1 - mean Tanimoto similarity of PAIRS pairs with putting back, a molecule and itself among them (as MOSES)."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = [generator.GetFingerprint(molecule) for molecule in molecules]
    drawn, per_one = random.Random(0), max(1, PAIRS // len(prints))
    means = [
        statistics.fmean(DataStructs.BulkTanimotoSimilarity(one, drawn.choices(prints, k=per_one))) for one in prints
    ]
    return 1 - statistics.fmean(means)


def frechet_distance(sampled: Described, taught: Described) -> float:
    """As the head of this file says; 0 where a descriptor does not vary among the taught counts in its own unit."""
    first, second = np.array(sampled.covariance), np.array(taught.covariance)
    deviation = np.sqrt(np.diag(second))
    deviation[deviation == 0] = 1.0
    shift = (np.array(sampled.mean) - np.array(taught.mean)) / deviation
    first, second = first / np.outer(deviation, deviation), second / np.outer(deviation, deviation)
    root = _square_root(first)
    # tr (C1 C2)^1/2 = tr (C1^1/2 C2 C1^1/2)^1/2, which is symmetric
    return float(max(0.0, shift @ shift + np.trace(first + second - 2 * _square_root(root @ second @ root))))


def _square_root(symmetric: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(symmetric)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def taught_figures(card: dict[str, Any]) -> dict[str, float]:
    """The figures of the taught molecules under the names that `check` gives the sampled ones, `taught_` before."""
    return {f"taught_{name}": value for name, value in Described(**card["taught"]).figures().items()}
