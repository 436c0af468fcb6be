"""A number predicted from somebody's own table of molecules."""

from rdkit import Chem

from engine.chemistry.predictors.features import seen
from engine.chemistry.predictors.model import Predictor
from engine.chemistry.predictors.shelf import NoPredictor, read
from engine.chemistry.properties.property import BadParameter, Property
from engine.chemistry.transforms import Identity
from engine.settings import Settings, setting


class PredictorParameters(Settings):
    """Which one."""

    model: str = setting(
        "solubility", label="Predictor", help="A name that `python -m engine predictor list` lists.", max_length=40
    )


def prepare(parameters: PredictorParameters) -> Predictor:
    try:
        return read(parameters.model)
    except NoPredictor as error:
        raise BadParameter(f"model is {parameters.model[:60]!a}; it must be a predictor: {error}") from None


def _predicted(molecule: Chem.Mol, model: Predictor) -> float:
    return model.predict(seen(molecule))[0]


PROPERTY = Property(
    "predictor",
    "Predicted",
    "",
    "What a model that was taught by a table of measured molecules says of this one",
    (0.0, 1.0),
    _predicted,
    Identity(),
    PredictorParameters,
    prepare,
)
