"""What the tests of the service share, and which tests stay together when two processes run them."""

import pytest

from engine.service import Engine
from engine.store import open_store


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """One process takes all of the browser's tests, so that one Chromium runs at a time; other files stay whole."""
    for item in items:
        file = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group("browser" if file.startswith("tests/browser") else file))


@pytest.fixture
def engine(tmp_path):
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    yield engine
    engine.close()
