"""What the tests of the service share."""

import pytest

from engine.service import Engine
from engine.store import open_store


@pytest.fixture
def engine(tmp_path):
    engine = Engine(open_store(tmp_path / "uphill.db"), max_concurrent=1)
    yield engine
    engine.close()
