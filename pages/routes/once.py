"""A start that is asked for again, because its answer kept somebody waiting, is made once."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

from pages.routes.answers import Refused

HEADER = "x-uphill-once"
MARK = re.compile(r"[0-9A-Za-z-]{16,64}")
REMEMBERED = 500

_lock = threading.Lock()
_made: OrderedDict[tuple[str, str], Future[str]] = OrderedDict()


def once(mark: str | None, what: str, start: Callable[[], str]) -> str:
    """What start() answers. Under a mark that was seen with the same `what`, the answer it gave then: whoever asks
    while it is under way waits for it. A start that raised is tried anew. Raises Refused."""
    if mark is None:
        return start()
    if not MARK.fullmatch(mark):
        raise Refused(422, f"{HEADER} is {mark[:80]!r}; it must be 16 to 64 letters, digits or dashes")
    with _lock:
        known = _made.get((mark, what))
        mine = _made.setdefault((mark, what), Future())
        if len(_made) > REMEMBERED:
            _made.popitem(last=False)
    if known is not None:
        return known.result()
    try:
        mine.set_result(start())
    except BaseException as error:
        with _lock:
            _made.pop((mark, what), None)
        mine.set_exception(error)
    return mine.result()
