"""DuckLake keeps the contract of every engine."""

import pytest

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.testing import ENGINE_CONTRACT


@pytest.mark.parametrize("clause", ENGINE_CONTRACT, ids=lambda clause: clause.__name__.strip("_"))
def test_ducklake_keeps_the_contract(path, clause):
    clause(lambda: DuckLakeEngine.create(path, clock=SystemClock()))
