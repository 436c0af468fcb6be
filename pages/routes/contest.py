"""The gridworld lab's learning race: the same map, moves and seeds for each of some algorithms, as groups of runs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from engine import service
from engine.algorithms import ALGORITHMS
from engine.config import RunConfig
from engine.gridworlds.maps import MapError
from engine.gridworlds.presets import read_map
from engine.presets import PRESETS, preset_config
from engine.settings import shown
from pages.routes.answers import Refused, answer

MOST_RUNNERS, MOST_SEEDS = 3, 10
FIELDS = ("map", "algorithms", "seeds", "budget")
RACERS = [kind for kind in ALGORITHMS if f"gridworld-{kind}" in PRESETS]


def race(request: Request, body: Any) -> Response:
    """Start {"map", "algorithms": two or three, "seeds": how many, "budget": moves of each run}; who runs where."""
    if not isinstance(body, dict) or set(body) != set(FIELDS) or not isinstance(body.get("map"), str):
        raise Refused(422, f"The body must be an object with {', '.join(FIELDS)}, the map a name or a text")
    kinds, seeds = body["algorithms"], body["seeds"]
    known = isinstance(kinds, list) and all(kind in RACERS for kind in kinds) and len(set(kinds)) == len(kinds)
    if not known or not 2 <= len(kinds) <= MOST_RUNNERS:
        raise Refused(422, f"algorithms is {shown(kinds)}; it must be 2 or 3 different ones of {', '.join(RACERS)}")
    if not isinstance(seeds, int) or isinstance(seeds, bool) or not 1 <= seeds <= MOST_SEEDS:
        raise Refused(422, f"seeds is {shown(seeds)}; it must be a whole number between 1 and {MOST_SEEDS}")
    try:
        discount = read_map(body["map"]).discount
    except MapError as error:
        raise Refused(422, str(error)) from None
    configs = [RunConfig.from_object(_config(kind, body["map"], discount, body["budget"])) for kind in kinds]
    engine = service.current()
    started = [engine.submit_group(config, range(1, seeds + 1)) for config in configs]
    groups = [engine.store.get_run(runs[0]).group_id for runs in started]
    runners = [
        {"algorithm": kind, "group": group, "runs": runs}
        for kind, group, runs in zip(kinds, groups, started, strict=True)
    ]
    return answer({"runners": runners}, 201)


def _config(kind: str, map_: str, discount: float, budget: Any) -> dict[str, Any]:
    """The preset's settings on another map, under the map's discount, with exact returns beside."""
    config = preset_config(f"gridworld-{kind}")
    config["task"] |= {"map": map_, "oracle": True}
    config["algorithm"] |= {"discount": discount}
    return config | {"budget": budget, "name": f"Lab race ({ALGORITHMS[kind].label})"}
