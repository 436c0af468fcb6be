"""Goals for everybody: drug-like, easy to make, oily enough, like a molecule one has, found again."""

from engine.chemistry.components import component
from engine.chemistry.objectives.ready import Ready
from engine.chemistry.transforms import Ramp, Window

OBJECTIVES = {
    "qed": Ready(
        "Drug-like",
        "Look like a medicine one can swallow, by size, polarity, rings and warning signs (QED).",
        "as drug-like as QED can say",
        (component("qed"),),
    ),
    "logp": Ready(
        "Oil and water in balance",
        "Dissolve neither in oil alone nor in water alone: logP between 1 and 4, as ReLeaSE was asked for.",
        "logP lies in the window",
        (component("logp", transform=Window(low=1.0, high=4.0, width=1.0)),),
    ),
    "sa": Ready(
        "Easy to make",
        "Be made of parts that chemists often put together (SA score).",
        "as easy as the SA score can say",
        (component("sa", transform=Ramp(zero=6.0, one=1.0)),),
    ),
    "similarity": Ready(
        "Like a molecule of yours",
        "Share as many small parts as possible with the reference molecule.",
        "all parts are shared, which other molecules may manage too",
        (component("similarity"),),
    ),
    "mix": Ready(
        "A mix of these",
        "Drug-likeness and ease of making half and half; a run's settings weigh them, logP and similarity otherwise.",
        "as drug-like and as easy to make as QED and SA score can say",
        (component("qed"), component("sa", transform=Ramp(zero=6.0, one=1.0))),
    ),
    "soluble": Ready(
        "Dissolve in water",
        "Dissolve well in water, as a model predicts that was taught 1,274 measured molecules (log mol/l).",
        "a predicted solubility of 0.1 mol/l or more",
        (
            component("predictor", model="solubility", name="log_solubility", transform=Ramp(zero=-6.0, one=-1.0)),
            component("nearest", model="solubility", name="nearest_measured", weight=0.0),
        ),
    ),
    "soluble_drug": Ready(
        "Drug-like and soluble",
        "Look like a medicine, dissolve well in water, and stay near molecules whose solubility was measured.",
        "drug-like, 0.1 mol/l or more, and a known molecule within similarity 0.5",
        (
            component("qed"),
            component("predictor", model="solubility", name="log_solubility", transform=Ramp(zero=-6.0, one=-1.0)),
            component("nearest", model="solubility", name="nearest_measured", transform=Ramp(zero=0.0, one=0.5)),
        ),
        "geometric",
    ),
    "similar_but_better": Ready(
        "Like yours, but better",
        "Stay a relative of the reference molecule and be drug-like and easy to make.",
        "similarity 0.6 or more, QED 0.9 or more and SA score 2 or less, all at once",
        (
            component("similarity", fingerprint="ECFP4", transform=Ramp(zero=0.0, one=0.6)),
            component("qed", transform=Ramp(zero=0.0, one=0.9)),
            component("sa", transform=Ramp(zero=6.0, one=2.0)),
        ),
        "geometric",
    ),
    "similarity_and_qed": Ready(
        "Half like yours, half drug-like",
        "The mean of similarity to the reference molecule and QED, as MolDQN weighs them.",
        "the reference itself, if it were perfectly drug-like",
        (component("similarity"), component("qed")),
    ),
    "rediscover": Ready(
        "Find yours again",
        "Write the reference molecule without having seen it; found means the same canonical SMILES.",
        "all counted parts are shared; found only if it is the very molecule",
        (component("similarity", fingerprint="ECFP4"),),
        rediscovers="",
    ),
    "clean": Ready(
        "Drug-like without warning signs",
        "Look like a medicine and hold none of the parts that chemists' lists warn of (PAINS, Brenk, NIH).",
        "no warning sign, and as drug-like as QED can say",
        (component("qed"), component("alerts")),
        "geometric",
    ),
}
