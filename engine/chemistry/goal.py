"""The goal of a molecule run as settings: an objective by name, or a mix of one's own, checked before it starts."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import model_validator

from engine.chemistry.checking import MAX_CHARACTERS
from engine.chemistry.components import Mix, component, parameters, question
from engine.chemistry.ingredients import with_ingredients
from engine.chemistry.objectives import OBJECTIVES, nearest
from engine.chemistry.objectives.ready import with_reference
from engine.chemistry.predictors.shelf import NoPredictor, read_card
from engine.chemistry.rewards import Objective
from engine.chemistry.scoring import why_no_molecule, why_not_asked
from engine.chemistry.transforms import Ramp, Window
from engine.settings import InvalidSettings, setting

OWN = "custom"
WEIGHT: dict[str, Any] = {"ge": 0.0, "le": 10.0, "help": "How much it counts in the mix; 0 leaves it out."}

if TYPE_CHECKING:  # from the registry, which no type checker can follow
    Name = str
else:
    Name = Literal[(*OBJECTIVES, OWN)]


class Goal(Mix):
    """What makes a molecule good. `components` and `mean` are those of the objective "custom"."""

    objective: Name = setting(
        "qed",
        label="Goal",
        help="What makes a molecule good: qed drug-likeness, logp an oil-water balance in a window, sa ease of making, "
        "similarity to the reference, a mix of these, one of GuacaMol's goals, or custom: parts of your own. "
        "`python -m engine objectives` tells what each means.",
    )
    reference: str = setting(
        "",
        label="Reference molecule",
        help="SMILES of the molecule that similarity compares with; needed where similarity counts.",
        max_length=MAX_CHARACTERS,
    )
    logp_low: float = setting(1.0, label="Lowest good logP", help="Full marks from here on.", ge=-10.0, le=20.0)
    logp_high: float = setting(4.0, label="Highest good logP", help="Full marks up to here.", ge=-10.0, le=20.0)
    qed_weight: float = setting(1.0, label="Weight of drug-likeness", **WEIGHT)
    logp_weight: float = setting(0.0, label="Weight of logP", **WEIGHT)
    sa_weight: float = setting(1.0, label="Weight of ease of making", **WEIGHT)
    similarity_weight: float = setting(0.0, label="Weight of similarity", **WEIGHT)

    @model_validator(mode="after")
    def _can_be_scored(self) -> Self:
        if self.logp_low > self.logp_high:
            raise ValueError(f"logp_low is {self.logp_low}; it must be at most logp_high, which is {self.logp_high}")
        chosen = self._components()
        if not chosen and self.objective == "mix":
            raise ValueError("qed_weight, logp_weight, sa_weight and similarity_weight are 0; one must be above 0")
        if not chosen:
            raise ValueError("components is []; it must hold at least one part, because objective is custom")
        if not self.reference and any(compares_with_reference(one) for one in chosen):
            raise ValueError('reference is ""; it must be the SMILES of a molecule, because similarity counts')
        reason = why_no_molecule(self.reference) if self.reference else None
        if reason:
            raise ValueError(f"reference is {self.reference[:60]!a}; it must be the SMILES of a molecule: {reason}")
        objective = self.to_objective()
        if self.objective == OWN:
            refuse_unasked(objective)
        return self

    def _components(self) -> tuple[Any, ...]:
        """As chosen, before the reference is filled in."""
        if self.objective == OWN:
            return with_ingredients(self.components)
        window = Window(low=self.logp_low, high=self.logp_high, width=1.0)
        if self.objective == "logp":
            return (component("logp", transform=window),)
        if self.objective == "mix":
            weights = {name: getattr(self, f"{name}_weight") for name in ("qed", "logp", "sa", "similarity")}
            own = {"logp": {"transform": window}, "sa": {"transform": OBJECTIVES["sa"].components[0].transform}}
            return tuple(
                component(name, weight=weight, **own.get(name, {})) for name, weight in weights.items() if weight > 0
            )
        return OBJECTIVES[self.objective].components

    def to_objective(self) -> Objective:
        """What is scored."""
        if self.objective in ("logp", "mix", OWN):
            mean = "arithmetic" if self.objective == "logp" else self.mean
            return Objective(with_reference(self._components(), self.reference), mean)
        return OBJECTIVES[self.objective].objective(self.reference)


def compares_with_reference(chosen: Any) -> bool:
    return getattr(chosen, "smiles", None) == ""


def refuse_unasked(objective: Objective) -> None:
    """Raise ValueError, naming the component's place, for parameters that stand for nothing (no SMARTS, no formula)."""
    asked = [one for one in objective.components if type(parameters(one)).model_fields and one.kind != "expression"]
    reasons = why_not_asked(tuple(question(one) for one in asked))
    for one, reason in zip(asked, reasons, strict=True):
        if reason:
            raise ValueError(f"components.{objective.components.index(one)}.{reason}")


def named(name: str, reference: str = "") -> Objective:
    """An objective of OBJECTIVES, with its reference molecule checked. Raises InvalidSettings."""
    if name.startswith("predictor:"):
        return _predicted(name.removeprefix("predictor:"))
    if name not in OBJECTIVES:
        raise InvalidSettings([nearest(name)])
    return Goal.from_object({"objective": name, "reference": reference}).to_objective()


def _predicted(model: str) -> Objective:
    """As much as possible of what a predictor predicts: 0 at the table's 5th percentile, 1 at its 95th."""
    try:
        low, high = read_card(model)["usual"]
    except NoPredictor as error:
        raise InvalidSettings([f"objective is {('predictor:' + model)[:60]!a}; {error}"]) from None
    ramp = Ramp(zero=low, one=high if high > low else low + 1.0)
    part = component("predictor", model=model, name=model, transform=ramp)
    return Objective(with_ingredients((part,)))


def mix_of(text: str, reference: str = "") -> Objective:
    """A goal of one's own from JSON, {"components": [...], "mean": ...}. Raises InvalidSettings."""
    mix = Mix.from_json(text).model_dump(mode="json")
    return Goal.from_object({"objective": OWN, "reference": reference, **mix}).to_objective()
