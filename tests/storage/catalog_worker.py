"""Processes of their own that use one catalog, are killed, or race; run by test_catalog_crashes."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from mlview.definitions import Kind, Name
from mlview.errors import MlviewError, RefreshBusy
from mlview.records import Action, RefreshRecord, RefreshState, Trigger, Version, VersionStatus
from mlview.storage.catalog import Catalog
from mlview.storage.processes import holder_here

NOW = datetime(2013, 3, 10, 12, tzinfo=UTC)


def tell(value: object) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.write(json.dumps(value) + "\n")


def refresh_once(catalog: Catalog, object_id: int, by: str) -> int:
    """One whole refresh, from the lease to the commit; the token."""
    token = catalog.acquire(object_id, holder=holder_here(), now=NOW, seconds=600)
    record = RefreshRecord(
        refresh_id=0,
        object_id=object_id,
        name="late",
        state=RefreshState.EXECUTING,
        action=Action.FULL,
        trigger=Trigger.MANUAL,
        reason="test",
        data_timestamp=NOW,
        snapshot_id=1,
        started_at=NOW,
    )
    refresh = catalog.begin_refresh(record)
    number = catalog.next_version(object_id)
    version = Version(
        object_id=object_id,
        number=number,
        status=VersionStatus.CANDIDATE,
        fingerprint="f",
        definition_text="...",
        snapshot_id=1,
        data_timestamp=NOW,
        created_at=NOW,
    )
    catalog.add_version(version)
    catalog.publish(
        object_id, number, token=token, now=NOW, by=by, reason=str(token), refresh_id=refresh
    )
    catalog.release(object_id, token)
    return token


def create(path: Path) -> None:
    """Make the catalog, or open the one that another process is making."""
    with Catalog.create(path) as catalog:
        tell(catalog.check())


def race(path: Path, rounds: int) -> None:
    """Publish `rounds` times against others; prints the tokens."""
    tokens = []
    with Catalog(path) as catalog:
        while len(tokens) < rounds:
            try:
                tokens.append(refresh_once(catalog, 1, str(os.getpid())))
            except RefreshBusy:
                continue
    tell(tokens)


def define(path: Path, rounds: int) -> None:
    """Define objects with one set of names against others; prints the names that were won."""
    won = []
    with Catalog(path) as catalog:
        for n in range(rounds):
            try:
                row = catalog.define(Kind.VIEW, Name(f"v{n}"), "", "", owner=None, now=NOW)
            except MlviewError as error:
                won.append(error.error_code)
            else:
                won.append(row.name.name)
    tell(won)


def forever(path: Path) -> None:
    """Refresh until somebody kills this process; prints a line before each refresh."""
    with Catalog(path) as catalog:
        while True:
            os.write(1, b".")
            refresh_once(catalog, 1, "forever")


def kill_at_each_statement(path: Path) -> None:
    """For k = 1, 2, ...: a forked process refreshes and dies at its k-th statement.

    Prints what each left: how far the refresh came and what the catalog looks like afterwards.
    """
    for k in range(1, 200):
        child = os.fork()
        if child == 0:
            with Catalog(path) as catalog:
                _die_at(catalog, k)
                refresh_once(catalog, 1, "doomed")
                os._exit(0)
        _, status = os.waitpid(child, 0)
        with Catalog(path) as catalog:
            tell(_seen(catalog, status))
            catalog.abandon_dead(NOW)
        if status == 0:
            return


def _die_at(catalog: Catalog, k: int) -> None:
    engine = catalog._database._engine
    left = k

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)


def _seen(catalog: Catalog, status: int) -> dict[str, object]:
    return {
        "status": status,
        "problems": catalog.check(),
        "live": catalog.object(1).live_version,
        "moves": [move.version for move in catalog.deployments(1)],
        "published": [r.version for r in catalog.refreshes() if r.state == "SUCCEEDED"],
        "marked": [v.number for v in catalog.versions() if v.status is VersionStatus.LIVE],
    }


def kill_at_random(path: Path, rounds: int) -> None:
    """Kill `forever` at random moments; prints what each left."""
    chance = random.Random(7)
    for _ in range(rounds):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writing, 1)
            forever(path)
        os.close(writing)
        for _ in range(chance.randrange(2, 9)):
            os.read(reading, 1)
        for _ in range(chance.randrange(200_000)):
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        with Catalog(path) as catalog:
            tell(_seen(catalog, 9))
            catalog.abandon_dead(NOW)


def _driver_connection(catalog: Catalog) -> object:
    with catalog._database.read() as connection:
        return connection.connection.dbapi_connection


def inherit(path: Path) -> None:
    """Use one catalog on both sides of a fork."""
    with Catalog(path) as catalog:
        before = catalog.counter()
        inherited = _driver_connection(catalog)
        child = os.fork()
        if child == 0:
            if _driver_connection(catalog) is inherited:
                os._exit(1)  # SQLite forbids to use a connection across a fork
            catalog.set_meta("child", "wrote")
            catalog.define(Kind.VIEW, Name("by_child"), "", "", owner=None, now=NOW)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        catalog.set_meta("parent", "wrote")
        tell([status, catalog.meta("child"), catalog.counter() - before])


if __name__ == "__main__":
    work, folder, *numbers = sys.argv[1:]
    globals()[work](Path(folder), *map(int, numbers))
