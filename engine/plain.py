"""Values as every JSON reader takes them: NaN and infinities, which JSON does not have, become null."""

import json
import math
from typing import Any


def plain_json(value: Any) -> str:
    """Compact JSON on one line, in ASCII."""
    return json.dumps(finite(value), separators=(",", ":"), allow_nan=False)


def finite(value: Any) -> Any:
    """The same value with every NaN and infinity in it replaced by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return value
