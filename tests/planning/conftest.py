"""Observations of views, in short words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlview.definitions import Kind, Name
from mlview.planning import Observation
from mlview.records import TableChange, Version, VersionStatus

NOON = datetime(2013, 3, 10, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """Makes what a view looks like; everything was published at noon, at snapshot 7."""

    noon: datetime = NOON

    def minutes(self, count: float) -> datetime:
        return self.noon + timedelta(minutes=count)

    def version(self, **values: Any) -> Version:
        given = {
            "object_id": 1,
            "number": 1,
            "status": VersionStatus.LIVE,
            "fingerprint": "f",
            "definition_text": "",
            "snapshot_id": 7,
            "data_timestamp": self.noon,
            "created_at": self.noon,
            "published_at": self.noon,
        }
        return Version(**given | values)

    def view(self, name: str, *reads: str, **values: Any) -> Observation:
        given = {
            "kind": Kind.MATERIALIZED_VIEW,
            "object_id": 1,
            "live": self.version(),
            "reads": tuple(Name(read) for read in reads),
        }
        return Observation(name=Name(name), **given | values)

    def change(
        self, table: str, at: float, *, rows: int | None = 3, last: float | None = None
    ) -> TableChange:
        """`rows` came into a table `at` so many minutes after noon, and `last` at others."""
        deleted = None if rows is None else 0
        first, end = self.minutes(at), self.minutes(at if last is None else last)
        return TableChange(Name(table), 7, 9, rows, deleted, first, end)


@pytest.fixture(scope="session")
def scene() -> Scene:
    return Scene()
