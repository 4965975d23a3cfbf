"""A catalog in a folder of its own, and the records that tests put in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mlview.definitions import Kind, Name
from mlview.records import Action, RefreshRecord, RefreshState, Trigger, Version, VersionStatus
from mlview.storage.catalog import Catalog, ObjectRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2013, 3, 10, 12, tzinfo=UTC)
CANDIDATE = Version(
    object_id=0,
    number=0,
    status=VersionStatus.CANDIDATE,
    fingerprint="f" * 8,
    definition_text="CREATE MODEL late PREDICT late AS FROM flights",
    snapshot_id=7,
    data_timestamp=NOON,
    created_at=NOON,
)
BEGUN = RefreshRecord(
    refresh_id=0,
    object_id=0,
    name="late",
    state=RefreshState.EXECUTING,
    action=Action.FULL,
    trigger=Trigger.MANUAL,
    reason="asked for",
    data_timestamp=NOON,
    snapshot_id=7,
    started_at=NOON,
)


class Scene:
    """Short words for what most tests set up."""

    now = NOON

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def model(self, name: str = "late", kind: Kind = Kind.MODEL) -> ObjectRow:
        text = f"CREATE {kind} {name} AS FROM flights"
        return self.catalog.define(kind, Name(name), text, "f1", owner=None, now=NOON)

    def candidate(self, row: ObjectRow, **values: Any) -> Version:
        number = self.catalog.next_version(row.id)
        version = replace(CANDIDATE, object_id=row.id, number=number, **values)
        self.catalog.add_version(version)
        return version

    def lease(self, row: ObjectRow, **values: Any) -> int:
        given = {"holder": "elsewhere:1:0", "now": NOON, "seconds": 60.0} | values
        return self.catalog.acquire(row.id, **given)

    def begin(self, row: ObjectRow, **values: Any) -> int:
        record = replace(BEGUN, object_id=row.id, name=row.name.plain, **values)
        return self.catalog.begin_refresh(record)

    def publish(self, row: ObjectRow, **values: Any) -> Version:
        given = {"now": NOON, "by": "tests", "reason": "first"} | values
        snapshot = given.pop("snapshot_id", 7)
        version = self.candidate(row, snapshot_id=snapshot)
        token = self.lease(row)
        self.catalog.publish(row.id, version.number, token=token, **given)
        self.catalog.release(row.id, token)
        return self.catalog.version(row.id, version.number)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.create(tmp_path / "catalog.sqlite") as made:
        yield made


@pytest.fixture(scope="session")
def scene_of() -> type[Scene]:
    return Scene


@pytest.fixture
def scene(catalog: Catalog) -> Scene:
    return Scene(catalog)
