"""DuckLake keeps the contract of every engine."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine

_SPEC = spec_from_file_location(
    "engine_contract", Path(__file__).parents[1] / "contracts" / "engine_contract.py"
)
_CONTRACT = module_from_spec(_SPEC)
_SPEC.loader.exec_module(_CONTRACT)


@pytest.mark.parametrize("clause", _CONTRACT.CONTRACT, ids=lambda clause: clause.__name__)
def test_ducklake_keeps_the_contract(path, clause):
    clause(lambda: DuckLakeEngine.create(path, clock=SystemClock()))
