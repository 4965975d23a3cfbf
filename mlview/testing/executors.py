"""What every executor must do: clauses that take a maker of executors and assert."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any

from mlview.definitions import Name
from mlview.errors import UsageProblem
from mlview.session import connect
from mlview.storage.catalog import Catalog

if TYPE_CHECKING:
    from mlview.daemon.executors import Done, Executor, Work
    from mlview.session import Database

Make = Callable[[Path, int], AbstractContextManager["Executor"]]
PATIENCE = 120.0
_DECLARED = """
CREATE TABLE t (k INTEGER, word VARCHAR);
INSERT INTO t VALUES (1, '1'), (2, '2');
CREATE MATERIALIZED VIEW v AS SELECT k % 2 AS odd, count(*) AS n FROM t GROUP BY ALL;
CREATE MATERIALIZED VIEW w AS SELECT sum(n) AS n FROM v;
CREATE MATERIALIZED VIEW broken AS SELECT sum(word::INTEGER) AS s FROM t;
"""


@dataclass(frozen=True)
class Stage:
    """A small database, and what is asked of executors on it."""

    db: Database

    @property
    def path(self) -> Path:
        """The database's directory."""
        return self.db.path

    def more(self, word: str = "3") -> None:
        """A commit that makes every view stale."""
        self.db.sql("INSERT INTO t VALUES (3, ?)", [word])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.db.sql(query).fetchall()

    def work(self, number: int, *names: str, at: int | None = None) -> Work:
        """Work on these views."""
        from mlview.daemon.executors import Work  # noqa: PLC0415 - most contracts need none

        with Catalog(self.path) as catalog:
            ids = tuple(catalog.get(Name(name)).id for name in names)
        return Work(number, tuple(map(Name, names)), ids, at, "its time has come", 1.0)


def _what_was_started_is_handed_out_once(stage: Stage, make: Make) -> None:
    with make(stage.path, 2) as executor:
        assert executor.slots == 2  # noqa: PLR2004
        first, second = stage.work(1, "v"), stage.work(2, "broken")
        executor.start(first)
        executor.start(second)
        assert [work.number for work in executor.running] == [1, 2]
        done = _all_of(executor, 2)
        assert {one.work for one in done} == {first, second}
        assert all(one.error_code is None and one.seconds > 0 for one in done)
        assert not executor.running
        assert not executor.finished(0.0)


def _views_are_refreshed_in_their_order_and_with_their_reason(stage: Stage, make: Make) -> None:
    stage.more()
    with make(stage.path, 1) as executor:
        executor.start(stage.work(1, "v", "w"))
        _all_of(executor, 1)
    rows = stage.ask(
        "SELECT name, state, starts_with(reason, 'its time has come') FROM mlview.refresh_history "
        "WHERE trigger = 'SCHEDULED' ORDER BY refresh_id"
    )
    assert rows == [("v", "SUCCEEDED", True), ("w", "SUCCEEDED", True)]
    assert stage.ask("FROM w") == [(3,)]


def _work_reads_the_snapshot_it_names(stage: Stage, make: Make) -> None:
    stage.more()
    [(then,)] = stage.ask("SELECT max(snapshot_id) FROM lake.snapshots()")
    stage.more()
    with make(stage.path, 1) as executor:
        executor.start(stage.work(1, "v", at=then))
        _all_of(executor, 1)
    live = "SELECT snapshot_id FROM mlview.versions WHERE name = 'v' AND status = 'LIVE'"
    assert stage.ask(live) == [(then,)]


def _a_refresh_that_fails_is_told_by_the_history(stage: Stage, make: Make) -> None:
    stage.more("three")
    with make(stage.path, 1) as executor:
        executor.start(stage.work(1, "broken"))
        [done] = _all_of(executor, 1)
    assert done.error_code is None
    states = "SELECT state FROM mlview.refresh_history WHERE trigger = 'SCHEDULED'"
    assert stage.ask(states) == [("FAILED",)]


def _work_that_cannot_be_begun_is_told_by_its_end(stage: Stage, make: Make) -> None:
    work = stage.work(1, "broken")
    stage.ask("DROP MATERIALIZED VIEW broken")
    with make(stage.path, 1) as executor:
        executor.start(work)
        [done] = _all_of(executor, 1)
    assert done.error_code == "UNKNOWN_NAME"
    assert "broken" in (done.error or "")


def _work_that_cannot_be_planned_fails_every_view(stage: Stage, make: Make) -> None:
    with make(stage.path, 1) as executor:
        executor.start(stage.work(1, "v", "w", at=1_000_000))
        [done] = _all_of(executor, 1)
    assert done.error_code is not None
    rows = "SELECT name, state, error_code, error FROM mlview.refresh_history WHERE "
    assert stage.ask(rows + "trigger = 'SCHEDULED' ORDER BY refresh_id") == [
        ("v", "FAILED", done.error_code, done.error),
        ("w", "FAILED", done.error_code, done.error),
    ]


def _no_more_is_started_than_there_are_slots(stage: Stage, make: Make) -> None:
    with make(stage.path, 1) as executor:
        executor.start(stage.work(1, "v"))
        _refuses(executor, stage.work(2, "broken"))
        _all_of(executor, 1)
        executor.start(stage.work(2, "broken"))
        _all_of(executor, 1)
    with make(stage.path, 2) as executor:
        executor.start(stage.work(1, "v"))
        _refuses(executor, stage.work(1, "broken"))
        _all_of(executor, 1)


def _an_idle_executor_is_not_waited_for(stage: Stage, make: Make) -> None:
    with make(stage.path, 1) as executor:
        began = monotonic()
        assert executor.finished(PATIENCE) == ()
        assert monotonic() - began < PATIENCE / 2


def _a_stopped_executor_has_handed_everything_out(stage: Stage, make: Make) -> None:
    with make(stage.path, 1) as executor:
        executor.start(stage.work(1, "v"))
        [done] = executor.stop(grace=PATIENCE)
        assert done.work.number == 1
        assert done.error_code is None
        assert not executor.running
        assert executor.stop(grace=PATIENCE) == ()
        _refuses(executor, stage.work(2, "v"))


EXECUTOR_CONTRACT: tuple[Callable[[Stage, Make], None], ...] = (
    _what_was_started_is_handed_out_once,
    _views_are_refreshed_in_their_order_and_with_their_reason,
    _work_reads_the_snapshot_it_names,
    _a_refresh_that_fails_is_told_by_the_history,
    _work_that_cannot_be_begun_is_told_by_its_end,
    _work_that_cannot_be_planned_fails_every_view,
    _no_more_is_started_than_there_are_slots,
    _an_idle_executor_is_not_waited_for,
    _a_stopped_executor_has_handed_everything_out,
)


def check_executor(make: Make) -> None:
    """Assert that an executor keeps the contract of every executor.

    Args:
        make: called with a database's directory and a number of slots, gives a context manager
            around a new executor that stops it.

    Raises:
        AssertionError: a clause does not hold.
    """
    with TemporaryDirectory(prefix="mlview-") as folder:
        template = staged(Path(folder) / "template.mlv")
        for number, clause in enumerate(EXECUTOR_CONTRACT):
            copy = copytree(template, Path(folder) / f"{number}.mlv")
            with connect(copy) as db:
                clause(Stage(db), make)


def staged(path: Path) -> Path:
    """A new, closed database to copy for each clause."""
    with connect(path) as db:
        db.sql(_DECLARED)
    return path


def _all_of(executor: Executor, count: int) -> list[Done]:
    done: list[Done] = []
    until = monotonic() + PATIENCE
    while len(done) < count:
        assert monotonic() < until, f"after {PATIENCE:g} seconds {executor.running} is not done"
        done += executor.finished(PATIENCE)
    assert len(done) == count
    return done


def _refuses(executor: Executor, work: Work) -> None:
    running = executor.running
    try:
        executor.start(work)
    except UsageProblem:
        assert executor.running == running
        return
    raise AssertionError(work)
