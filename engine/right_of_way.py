"""Right of way: environments written in Python hold still for a moment while a visitor's first page is being made.

They and the page's requests need the same interpreter, which goes back and forth between them some thousand times
before the page is there. Training loses at most MOMENT of every EVERY seconds.
"""

import math
import time
from collections.abc import Callable

MOMENT, EVERY = 1.5, 7.5  # seconds


class RightOfWay:
    """Asked for by those who serve, given by those that train, each in a thread of its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep):
        self.clock, self.sleep = clock, sleep
        self.until = self.again = -math.inf

    def ask(self) -> None:
        """Somebody comes; refused where somebody came a few seconds ago."""
        now = self.clock()
        if now >= self.again:
            self.until, self.again = now + MOMENT, now + EVERY

    def give(self) -> None:
        """Wait until whoever asked has had the moment."""
        wait = self.until - self.clock()
        if wait > 0:
            self.sleep(wait)


VISITORS = RightOfWay()
