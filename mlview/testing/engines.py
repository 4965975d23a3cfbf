"""What every engine must do: clauses that take a maker of fresh engines and assert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.definitions import Name
from mlview.errors import LakeProblem, UnknownName
from mlview.records import Column
from mlview.testing.histories import History, netted

if TYPE_CHECKING:
    from mlview.engines import DuckLakeEngine

Make = Callable[[], "DuckLakeEngine"]
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
T = Name("t")


def _snapshots_are_one_ordered_sequence(make: Make) -> None:
    with make() as engine, engine.connection() as connection:
        seen = [engine.current_snapshot()]
        for sql in ("CREATE TABLE t (a INTEGER)", "CREATE TABLE u (a INTEGER)", "DROP TABLE u"):
            connection.run(sql)
            seen.append(engine.current_snapshot())
        assert [s.id for s in seen] == sorted({s.id for s in seen})
        assert [s.time for s in seen] == sorted(s.time for s in seen)
        assert all(s.time.utcoffset() == timedelta(0) for s in seen)
        assert [engine.snapshot(s.id) for s in seen] == seen
        assert engine.snapshot_at(seen[1].time) == seen[1]


def _reads_do_not_move_the_sequence(make: Make) -> None:
    with make() as engine, engine.connection() as connection:
        connection.run("CREATE TABLE t AS SELECT 1 AS a")
        before = engine.current_snapshot()
        connection.run("FROM t").fetchall()
        engine.tables(before.id)
        with engine.reader(before.id, refresh_time=NOON) as reader:
            reader.table("FROM t")
        engine.write_materialization(1, pa.table({"a": [1]}).to_reader(), refresh_id=1)
        assert engine.current_snapshot() == before


def _changes_are_net_and_exact(make: Make) -> None:
    with make() as engine, engine.connection() as connection:
        connection.run("CREATE TABLE t AS SELECT range AS a FROM range(100)")
        since = engine.current_snapshot().id
        connection.run("INSERT INTO t SELECT range + 100 FROM range(10)")
        connection.run("UPDATE t SET a = -1 WHERE a = 0")
        connection.run("DELETE FROM t WHERE a >= 105")
        change = engine.change(T, since, engine.current_snapshot().id)
        assert (change.inserted, change.deleted, change.rows) == (6, 1, 7)
        assert set(engine.changed_tables(since, engine.current_snapshot().id)) == {
            engine.tables(since)[T].table_id
        }


def _altered_tables_have_no_counts(make: Make) -> None:
    with make() as engine, engine.connection() as connection:
        connection.run("CREATE TABLE t AS SELECT 1 AS a")
        since = engine.current_snapshot().id
        connection.run("ALTER TABLE t ADD COLUMN b INTEGER")
        change = engine.change(T, since, engine.current_snapshot().id)
        assert change.rows is None
        assert change.first_changed_at == engine.current_snapshot().time


def _signed_rows_are_the_difference_of_two_states(make: Make) -> None:
    seen: Counter[str] = Counter()
    with make() as engine, engine.connection() as connection:
        for seed in range(5):
            random = Random(seed)  # noqa: S311 - what fails shall fail again
            history = History(engine, connection, random)
            for _ in range(8):
                history.go_on()
            seen += history.check(pairs=8)
    assert seen["delta"] > 0
    assert seen["no delta"] > 0


def _deltas_lead_from_one_stored_version_to_the_next(make: Make) -> None:
    columns = (Column("k", "BIGINT"), Column("x", "DOUBLE"))
    with make() as engine:
        first = engine.write_materialization(1, _signed([1, 2, 2], [0.5, 1.5, 1.5]), refresh_id=1)
        signed = _signed([2, 1, 3], [1.5, 0.5, None], __mlview_weight=[-1, 1, 2])
        second = engine.apply_delta(1, first.stored_snapshot, signed, columns=columns, refresh_id=2)
        source = engine.stored_source(1, first.stored_snapshot, second.stored_snapshot)
        newest = engine.current_snapshot().id
        with engine.reader(newest, refresh_time=NOON) as reader:
            rows = reader.table(f"SELECT k, x FROM {source.new} ORDER BY k").to_pylist()
            between = netted(reader.table(source.signed or ""))
    assert second.rows == len(rows) == 5  # noqa: PLR2004 - three, less one, and three more
    assert [row["k"] for row in rows] == [1, 1, 2, 3, 3]
    assert between == {"(1, 0.5)": 1, "(2, 1.5)": -1, "(3, None)": 2}


def _signed(k: list[int], x: list[float | None], **weight: list[int]) -> pa.RecordBatchReader:
    return pa.table({"k": k, "x": x, **weight}).to_reader()


def _unknown_things_are_errors(make: Make) -> None:
    with make() as engine:
        newest = engine.current_snapshot().id
        for ask, error in (
            (lambda: engine.change(Name("nope"), newest, newest), UnknownName),
            (lambda: engine.snapshot(newest + 100), LakeProblem),
            (lambda: engine.reader(newest + 100, refresh_time=NOON), LakeProblem),
        ):
            try:
                ask()
            except error:
                continue
            raise AssertionError(error)


def _readers_see_one_snapshot(make: Make) -> None:
    with make() as engine, engine.connection() as connection:
        connection.run("CREATE TABLE t AS SELECT 1 AS a")
        connection.run("CREATE VIEW v AS SELECT a + 1 AS b FROM t")
        old = engine.current_snapshot().id
        connection.run("UPDATE t SET a = 10")
        with engine.reader(old, refresh_time=NOON) as reader:
            row = {"b": 2, "t": NOON}
            assert reader.table("SELECT b, refresh_time() AS t FROM v").to_pylist() == [row]
            assert [c.name for c in reader.describe("FROM v")] == ["b"]


def _stored_versions_last(make: Make) -> None:
    with make() as engine:
        stored = [
            engine.write_materialization(1, pa.table(columns).to_reader(), refresh_id=number)
            for number, columns in enumerate(({"a": [1]}, {"b": ["x", "y"]}))
        ]
        newest = engine.current_snapshot().id
        with engine.reader(newest, refresh_time=NOON) as reader:
            rows = [
                reader.table(f"FROM {engine.materialization(1, one.stored_snapshot)}").to_pylist()
                for one in stored
            ]
        assert rows == [[{"a": 1}], [{"b": "x"}, {"b": "y"}]]
        assert [one.rows for one in stored] == [1, 2]


ENGINE_CONTRACT: tuple[Callable[[Make], None], ...] = (
    _snapshots_are_one_ordered_sequence,
    _reads_do_not_move_the_sequence,
    _changes_are_net_and_exact,
    _altered_tables_have_no_counts,
    _signed_rows_are_the_difference_of_two_states,
    _deltas_lead_from_one_stored_version_to_the_next,
    _unknown_things_are_errors,
    _readers_see_one_snapshot,
    _stored_versions_last,
)


def check_engine(make: Make) -> None:
    """Assert that an engine keeps the contract of every engine.

    Args:
        make: called with no arguments for each clause, gives a context manager around a new, empty
            engine.

    Raises:
        AssertionError: a clause does not hold.
    """
    for clause in ENGINE_CONTRACT:
        clause(make)
