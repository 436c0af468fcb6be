"""The properties that molecules can be scored by: one file each, listed here by hand."""

from engine.chemistry.properties import (
    acceptors,
    alerts,
    aromatic_rings,
    atoms,
    complexity,
    donors,
    expression,
    formula,
    heavy_atoms,
    logp,
    nearest,
    predictor,
    qed,
    rings,
    rotatable_bonds,
    sa,
    similarity,
    substructure,
    tpsa,
    weight,
)
from engine.chemistry.properties.property import BadParameter, Property

PROPERTIES: dict[str, Property] = {
    module.PROPERTY.name: module.PROPERTY
    for module in (
        qed,
        logp,
        sa,
        weight,
        tpsa,
        donors,
        acceptors,
        rotatable_bonds,
        rings,
        aromatic_rings,
        heavy_atoms,
        complexity,
        atoms,
        similarity,
        substructure,
        alerts,
        formula,
        predictor,
        nearest,
        expression,
    )
}

__all__ = ["PROPERTIES", "BadParameter", "Property"]
