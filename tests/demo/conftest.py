"""One short demo that every test of the story looks at."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date

import pytest
from rich.console import Console

from mlview.demo import Told, run

FIRST_DAY = date(2013, 2, 1)
DAYS = 8  # a week, and a day that the models refreshed after it are scored on


@dataclass(frozen=True)
class Heard:
    """A demo, what it printed, and what was asked of it."""

    told: Told
    text: str
    first_day: date = FIRST_DAY
    count: int = DAYS


@pytest.fixture(scope="session")
def tell(tmp_path_factory):
    def again() -> Heard:
        out = io.StringIO()
        console = Console(file=out, width=80)
        directory = tmp_path_factory.mktemp("demo") / "out"
        told = run(directory, console=console, first_day=FIRST_DAY, days=DAYS, live_seconds=3)
        return Heard(told, out.getvalue())

    return again


@pytest.fixture(scope="session")
def heard(tell):
    return tell()
