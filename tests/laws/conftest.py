"""The grammar of queries and the law, which these tests share with `exact_deltas/hunt.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exact_deltas.hunt import temporary_engine


@pytest.fixture(scope="module")
def engine():
    with temporary_engine() as engine:
        yield engine
