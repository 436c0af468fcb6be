"""The properties that molecules can be scored by: one file each, listed here by hand."""

from engine.chemistry.properties import logp, qed, sa, similarity, weight
from engine.chemistry.properties.property import Property

PROPERTIES: dict[str, Property] = {
    module.PROPERTY.name: module.PROPERTY for module in (qed, logp, sa, weight, similarity)
}

__all__ = ["PROPERTIES", "Property"]
