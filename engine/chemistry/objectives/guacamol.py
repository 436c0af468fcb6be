"""GuacaMol's goals that RDKit alone computes, as guacamol 0.5.5 defines them (Brown et al. 2019, JCIM 59:1096).

Its version 2 suite, with the default (geometric) means; fingerprints are counts. Other collections of these names
(PMO's, TDC's) differ in places, as in fingerprint or mean: where they do, this is guacamol's.
tests/chemistry/guacamol_scores.py compares them molecule by molecule with the guacamol package.
"""

from typing import Any

from engine.chemistry.components import component
from engine.chemistry.objectives.ready import Ready
from engine.chemistry.transforms import Gaussian, MaxGaussian, MinGaussian, Ramp

CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
ARIPIPRAZOLE = "Clc4cccc(N3CCN(CCCCOc2ccc1c(NC(=O)CC1)c2)CC3)c4Cl"
ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
CAMPHOR, MENTHOL = "CC1(C)C2CCC1(C)C(=O)C2", "CC(C)C1CCC(C)CC1O"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"
HOPPED = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
SCAFFOLD = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
VALSARTAN_PART = "CN(C=O)Cc1ccc(c2ccccc2)cc1"
# Sitagliptin's own logP (Crippen), polar surface (TPSA) and complexity (Bertz), which two goals ask for.
SITAGLIPTIN_LOGP, SITAGLIPTIN_TPSA, SITAGLIPTIN_BERTZ = 2.0165, 77.04, 896.3804853871782


def _like(smiles: str, fingerprint: str, transform: Any = None, name: str = "") -> Any:
    shaped = {} if transform is None else {"transform": transform}
    return component("similarity", smiles=smiles, fingerprint=fingerprint, name=name, **shaped)


def _rediscovery(name: str, smiles: str) -> Ready:
    return Ready(
        f"Rediscover {name}",
        f"Write {name} without having seen it; found means the same canonical SMILES.",
        f"shares all counted parts with {name}; found only if it is {name} itself",
        (_like(smiles, "ECFP4"),),
        rediscovers=smiles,
    )


def _similarity(name: str, smiles: str, fingerprint: str) -> Ready:
    return Ready(
        f"Like {name}",
        f"Be a close relative of {name} (similarity {fingerprint.replace('_', ' ')}).",
        "similarity of 0.75 or more",
        (_like(smiles, fingerprint, Ramp(zero=0.0, one=0.75)),),
    )


def _isomers(formula: str) -> Ready:
    return Ready(
        f"Made of {formula}",
        f"Have exactly the atoms of {formula}, put together in any way.",
        "the formula is exactly this",
        (component("formula", formula=formula),),
    )


def _mpo(title: str, sentence: str, best: str, *components: Any) -> Ready:
    return Ready(title, sentence, best, components, "geometric")


OBJECTIVES = {
    "celecoxib_rediscovery": _rediscovery("celecoxib", CELECOXIB),
    "troglitazone_rediscovery": _rediscovery("troglitazone", TROGLITAZONE),
    "thiothixene_rediscovery": _rediscovery("thiothixene", THIOTHIXENE),
    "aripiprazole_similarity": _similarity("aripiprazole", ARIPIPRAZOLE, "ECFP4"),
    "albuterol_similarity": _similarity("albuterol", ALBUTEROL, "FCFP4"),
    "mestranol_similarity": _similarity("mestranol", MESTRANOL, "atom_pairs"),
    "median1": _mpo(
        "Between camphor and menthol",
        "Be as similar as possible to camphor and to menthol at once.",
        "cannot be reached: no molecule is both",
        _like(MENTHOL, "ECFP4", name="like_menthol"),
        _like(CAMPHOR, "ECFP4", name="like_camphor"),
    ),
    "median2": _mpo(
        "Between tadalafil and sildenafil",
        "Be as similar as possible to tadalafil and to sildenafil at once.",
        "cannot be reached: no molecule is both",
        _like(TADALAFIL, "ECFP6", name="like_tadalafil"),
        _like(SILDENAFIL, "ECFP6", name="like_sildenafil"),
    ),
    "isomers_c7h8n2o2": _isomers("C7H8N2O2"),
    "isomers_c9h10n2o2pf2cl": _isomers("C9H10N2O2PF2Cl"),
    "osimertinib_mpo": _mpo(
        "Osimertinib, more polar",
        "Keep osimertinib's character but not its very structure, and be more polar and less oily.",
        "related to osimertinib, TPSA at least 100 and logP at most 1",
        _like(OSIMERTINIB, "FCFP4", Ramp(zero=0.0, one=0.8), "like_osimertinib"),
        _like(OSIMERTINIB, "ECFP6", MinGaussian(mu=0.85, sigma=0.1), "not_too_like"),
        component("tpsa", transform=MaxGaussian(mu=100.0, sigma=10.0)),
        component("logp", transform=MinGaussian(mu=1.0, sigma=1.0)),
    ),
    "fexofenadine_mpo": _mpo(
        "Fexofenadine, less greasy",
        "Stay like fexofenadine and be more polar and less oily.",
        "related to fexofenadine, TPSA at least 90 and logP at most 4",
        _like(FEXOFENADINE, "atom_pairs", Ramp(zero=0.0, one=0.8)),
        component("tpsa", transform=MaxGaussian(mu=90.0, sigma=10.0)),
        component("logp", transform=MinGaussian(mu=4.0, sigma=1.0)),
    ),
    "ranolazine_mpo": _mpo(
        "Ranolazine with a fluorine",
        "Stay like ranolazine, be oilier and more polar at once, and hold one fluorine.",
        "related to ranolazine, logP at least 7, TPSA at least 95 and one fluorine",
        _like(RANOLAZINE, "atom_pairs", Ramp(zero=0.0, one=0.7)),
        component("logp", transform=MaxGaussian(mu=7.0, sigma=1.0)),
        component("atoms", element="F", name="fluorine", transform=Gaussian(mu=1.0, sigma=1.0)),
        component("tpsa", transform=MaxGaussian(mu=95.0, sigma=20.0)),
    ),
    "perindopril_mpo": _mpo(
        "Perindopril with aromatic rings",
        "Stay like perindopril but have two aromatic rings, where it has none.",
        "perindopril's parts and two aromatic rings",
        _like(PERINDOPRIL, "ECFP4"),
        component("aromatic_rings", transform=Gaussian(mu=2.0, sigma=0.5)),
    ),
    "amlodipine_mpo": _mpo(
        "Amlodipine with three rings",
        "Stay like amlodipine but have three rings, where it has two.",
        "amlodipine's parts and three rings",
        _like(AMLODIPINE, "ECFP4"),
        component("rings", transform=Gaussian(mu=3.0, sigma=0.5)),
    ),
    "sitagliptin_mpo": _mpo(
        "Sitagliptin, quite different",
        "Have sitagliptin's formula, logP and polar surface, but as little of its structure as possible.",
        "the same formula and properties, no part shared",
        _like(SITAGLIPTIN, "ECFP4", Gaussian(mu=0.0, sigma=0.1)),
        component("logp", transform=Gaussian(mu=SITAGLIPTIN_LOGP, sigma=0.2)),
        component("tpsa", transform=Gaussian(mu=SITAGLIPTIN_TPSA, sigma=5.0)),
        component("formula", formula="C16H15F6N5O"),
    ),
    "zaleplon_mpo": _mpo(
        "Zaleplon of another formula",
        "Stay like zaleplon but be made of C19H17N3O2.",
        "zaleplon's parts in the other formula",
        _like(ZALEPLON, "ECFP4"),
        component("formula", formula="C19H17N3O2"),
    ),
    "valsartan_smarts": _mpo(
        "Valsartan's part, sitagliptin's properties",
        "Hold a part of valsartan and have the logP, polar surface and complexity of sitagliptin.",
        "the part is there and all three properties are sitagliptin's",
        component("substructure", smarts=VALSARTAN_PART),
        component("logp", transform=Gaussian(mu=SITAGLIPTIN_LOGP, sigma=0.2)),
        component("tpsa", transform=Gaussian(mu=SITAGLIPTIN_TPSA, sigma=5.0)),
        component("complexity", transform=Gaussian(mu=SITAGLIPTIN_BERTZ, sigma=30.0)),
    ),
    "deco_hop": Ready(
        "New decoration",
        "Keep the scaffold and the pharmacophore of a kinase inhibitor, but change what hangs on it.",
        "scaffold kept, both old decorations gone, pharmacophores alike to 0.85",
        (
            _like(HOPPED, "pharmacophore", Ramp(zero=0.0, one=0.85)),
            component("substructure", smarts="CS([#6])(=O)=O", wanted=False, name="without_sulfone"),
            component("substructure", smarts="[#7]-c1ccc2ncsc2c1", wanted=False, name="without_benzothiazole"),
            component("substructure", smarts=SCAFFOLD, name="scaffold"),
        ),
    ),
    "scaffold_hop": Ready(
        "New scaffold",
        "Keep the decoration and the pharmacophore of a kinase inhibitor, but change its scaffold.",
        "decoration kept, old scaffold gone, pharmacophores alike to 0.75",
        (
            _like(HOPPED, "pharmacophore", Ramp(zero=0.0, one=0.75)),
            component(
                "substructure",
                smarts="[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1",
                name="decoration",
            ),
            component("substructure", smarts=SCAFFOLD, wanted=False, name="other_scaffold"),
        ),
    ),
}
