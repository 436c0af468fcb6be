"""What the tests of the service share, and which tests stay together when two processes run them."""

import pytest
from xdist.scheduler import LoadFileScheduling

from engine.service import Engine
from engine.store import open_store


class OneBrowser(LoadFileScheduling):
    """Files stay whole, and one process takes all of the browser's, so that one Chromium runs at a time."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return "browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config, log):
    return OneBrowser(config, log)


@pytest.fixture
def engine(tmp_path):
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    yield engine
    engine.close()
