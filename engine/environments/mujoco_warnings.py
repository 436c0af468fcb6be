"""What MuJoCo warns of, told in the log: by itself it prints to the terminal and writes a file into the current folder,
once for every environment made."""

import logging
from functools import cache

LOG = logging.getLogger(__name__)


@cache
def take_over() -> None:
    """From now on MuJoCo's warnings go to the log. That one of Gymnasium's own models is old is for developers only."""
    import mujoco

    mujoco.set_mju_user_warning(tell)


def tell(warning: str) -> None:
    LOG.log(logging.DEBUG if "deprecated" in warning else logging.WARNING, "MuJoCo warns: %s", warning)
