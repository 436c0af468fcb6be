"""How far a prediction can be trusted: similarity to the nearest molecule that the predictor learned from."""

from rdkit import Chem

from engine.chemistry.predictors.features import seen
from engine.chemistry.predictors.model import Predictor
from engine.chemistry.properties.predictor import PredictorParameters, prepare
from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Ramp


def _nearest(molecule: Chem.Mol, model: Predictor) -> float:
    return model.predict(seen(molecule))[1]


PROPERTY = Property(
    "nearest",
    "Nearest known molecule",
    "",
    "Similarity (Tanimoto on Morgan counts) to the nearest molecule that the predictor learned from; below 0.3 its "
    "prediction is a guess",
    (0.2, 1.0),
    _nearest,
    Ramp(zero=0.0, one=0.5),
    PredictorParameters,
    prepare,
)
