"""Components as data: one settings model for each property, with its parameters, its transform and its weight."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, create_model

from engine.chemistry.properties import PROPERTIES, Property
from engine.chemistry.transforms import Transform
from engine.settings import InvalidSettings, Settings, problems, setting

MOST_COMPONENTS = 20


class _Weighed(Settings):
    """What every component has besides its property's own parameters."""

    name: str = setting(
        "", label="Name", help="What it is called in expressions and results; empty: as its kind.", max_length=40
    )
    weight: float = setting(
        1.0, label="Weight", help="How much it counts in the mean; 0 only shows it.", ge=0.0, le=1000.0
    )


def _model(known: Property) -> type[Settings]:
    """Parameters, name, weight and transform of one property under its `kind`."""
    fields: dict[str, Any] = {
        "kind": (Literal[known.name], known.name),
        "transform": (Transform, setting(known.transform, label="Transform", help="How its value becomes 0 to 1.")),
    }
    title = "".join(part.capitalize() for part in known.name.split("_")) + "Component"
    return create_model(title, __base__=(known.parameters, _Weighed), __doc__=known.meaning, **fields)


MODELS: dict[str, type[Settings]] = {name: _model(known) for name, known in PROPERTIES.items()}

if TYPE_CHECKING:  # put together from the registry, which no type checker can follow
    Component = Any
else:
    from functools import reduce
    from operator import or_

    Component = Annotated[reduce(or_, MODELS.values()), Field(discriminator="kind")]


class Mix(Settings):
    """An objective as data: components and the kind of mean."""

    components: tuple[Component, ...] = setting(
        (), label="Parts of the goal", help="Each a property with its transform and weight.", max_length=MOST_COMPONENTS
    )
    mean: Literal["arithmetic", "geometric"] = setting(
        "arithmetic",
        label="Kind of mean",
        help="arithmetic: parts make up for one another; geometric: one part at 0 makes the whole 0.",
    )


def component(kind: str, **fields: Any) -> Any:
    """One component. Raises InvalidSettings."""
    try:
        return MODELS[kind].model_validate({"kind": kind, **fields})
    except ValidationError as error:
        raise InvalidSettings(problems(error, MODELS[kind], fields)) from None


def parameters(chosen: Any) -> Any:
    """A component's own parameters, without name, weight and transform."""
    model = PROPERTIES[chosen.kind].parameters
    return model.model_validate({name: getattr(chosen, name) for name in model.model_fields})


def question(chosen: Any) -> str:
    """What is to be computed, as JSON: two components with one question have one raw value."""
    return json.dumps({"kind": chosen.kind, **parameters(chosen).model_dump(mode="json")}, sort_keys=True)


def read_question(text: str) -> tuple[Property, Any]:
    """The property and its parameters."""
    asked = json.loads(text)
    known = PROPERTIES[asked.pop("kind")]
    return known, known.parameters.model_validate_json(json.dumps(asked))
