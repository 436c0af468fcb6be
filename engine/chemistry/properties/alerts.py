"""Warning signs: how many of a published list of troublesome parts a molecule has, by RDKit's FilterCatalog.

PAINS: parts that disturb assays (Baell and Holloway 2010); Brenk: unstable or toxic parts (Brenk et al. 2008); NIH:
parts that the NIH's screening excluded (Jadhav et al. 2010, Doveston et al. 2015).
"""

from typing import Literal

from rdkit import Chem
from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

from engine.chemistry.properties.property import Property
from engine.chemistry.transforms import Ramp
from engine.settings import Settings, setting

_LISTS = FilterCatalogParams.FilterCatalogs
LISTS = {"PAINS": (_LISTS.PAINS,), "Brenk": (_LISTS.BRENK,), "NIH": (_LISTS.NIH,)}
LISTS["all"] = tuple(one for listed in list(LISTS.values()) for one in listed)


class AlertParameters(Settings):
    """Which list."""

    catalog: Literal["all", "PAINS", "Brenk", "NIH"] = setting(
        "all", label="List", help="PAINS: disturbs assays; Brenk: unstable or toxic; NIH: excluded from screening."
    )


def _prepare(parameters: AlertParameters) -> FilterCatalog:
    chosen = FilterCatalogParams()
    for one in LISTS[parameters.catalog]:
        chosen.AddCatalog(one)
    return FilterCatalog(chosen)


def _alerts(molecule: Chem.Mol, catalog: FilterCatalog) -> float:
    return float(len(catalog.GetMatches(molecule)))


PROPERTY = Property(
    "alerts",
    "Warning signs",
    "",
    "How many parts it has that chemists' lists (PAINS, Brenk, NIH) warn of; 0 is best",
    (0.0, 3.0),
    _alerts,
    Ramp(zero=3.0, one=0.0),
    AlertParameters,
    _prepare,
)
