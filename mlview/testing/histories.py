"""Random histories of a table: what writers, and the upkeep of a lake, may do to it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING

from mlview.definitions import Name
from mlview.errors import LakeProblem, MlviewError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    import pyarrow as pa

    from mlview.engines import DuckLakeEngine, LakeConnection, SnapshotReader
    from mlview.engines.sources import Source

CREATE = "CREATE OR REPLACE TABLE t (a BIGINT, x DOUBLE, i INTERVAL)"
T = Name("t")
_NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
_FAR = datetime(2999, 1, 1, tzinfo=UTC)
_EXPIRE = "expire"

_UPSERT = (
    "MERGE INTO t USING (SELECT {a} AS a, {x} AS x) AS u ON t.a = u.a "
    "WHEN MATCHED THEN UPDATE SET x = u.x WHEN NOT MATCHED THEN INSERT (a, x) VALUES (u.a, u.x)"
)
# {a}, {b}: small numbers; {x}: a float; {i}: an interval; {n}: rows below or above what is inlined.
_WRITES = (
    "INSERT INTO t (a, x) VALUES ({a}, {x})",
    "INSERT INTO t (a, x, i) SELECT range % 6, {x}, {i} FROM range({n})",
    "INSERT INTO t (a, x) SELECT a, x FROM t LIMIT {n}",
    "UPDATE t SET x = {x} WHERE a = {a}",
    "UPDATE t SET x = -x WHERE a < {a}",
    "UPDATE t SET i = {i} WHERE a = {a}",
    "UPDATE t SET a = a + {a} - {b}",
    "DELETE FROM t WHERE a = {a}",
    "DELETE FROM t WHERE a > {a} AND x = {x}",
    "DELETE FROM t WHERE rowid % {n} = 0",
    "TRUNCATE t",
    _UPSERT,
    "MERGE INTO t USING (SELECT {a} AS a) AS u ON t.a = u.a WHEN MATCHED THEN DELETE",
)
_ALTERATIONS = (
    "ALTER TABLE t ADD COLUMN z INTEGER",
    "ALTER TABLE t ADD COLUMN z INTEGER DEFAULT 7",
    "ALTER TABLE t DROP COLUMN z",
    "ALTER TABLE t RENAME COLUMN z TO y",
    "ALTER TABLE t RENAME COLUMN x TO z; ALTER TABLE t RENAME COLUMN z TO x",
    "ALTER TABLE t DROP COLUMN i; ALTER TABLE t ADD COLUMN i INTERVAL",
    "DROP TABLE t; CREATE TABLE t (a BIGINT, x DOUBLE, i INTERVAL)",
    "ALTER TABLE t RENAME TO u; CREATE TABLE t AS FROM u; DROP TABLE u",
    "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t",
)
_REWRITE = "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.1)"
_UPKEEP = (
    "CALL ducklake_flush_inlined_data('lake')",
    "CALL ducklake_merge_adjacent_files('lake')",
    # A file that is rewritten keeps one sign for all of its zeros.
    f"UPDATE t SET x = 0 WHERE x = 0; {_REWRITE}",
    _EXPIRE,
)


class History:
    """A table, made anew, and everything done to it since.

    Args:
        engine: where it is.
        connection: writes to it.
        random: decides what happens.
    """

    def __init__(self, engine: DuckLakeEngine, connection: LakeConnection, random: Random) -> None:
        self._engine = engine
        self._connection = connection
        self._random = random
        self.log: list[str] = []
        self._run(CREATE)
        self.snapshots = [engine.current_snapshot().id]

    def go_on(self) -> None:
        """One more thing happens; what the lake refuses has not happened."""
        try:
            for statement in self._step():
                self._run(statement)
        except MlviewError as refused:
            self.log.append(f"-- {refused.message}")
            if self._connection.in_transaction:
                self._run("ROLLBACK")
        newest = self._engine.current_snapshot().id
        if newest != self.snapshots[-1]:
            self.snapshots.append(newest)

    def check(self, pairs: int) -> Counter[str]:
        """Assert that signed rows are the difference of both states, for some pairs of snapshots.

        How many pairs had which kind of delta.
        """
        seen: Counter[str] = Counter()
        every = list(combinations(self.snapshots, 2))
        for since, until in self._random.sample(every, min(pairs, len(every))):
            added = self._random.random() < 0.5  # noqa: PLR2004 - as often as not
            try:
                source = self._engine.source(T, since, until, added_columns=added)
            except UnknownName:
                seen["no table"] += 1
                continue
            except LakeProblem as problem:
                if problem.error_code != "NO_DELTA":
                    raise
                seen["no delta"] += 1
                continue
            with self._engine.reader(until, refresh_time=_NOON) as reader:
                self._check(reader, source, since, until)
            with self._engine.workbench(until, refresh_time=_NOON) as bench:
                self._check(bench, source, since, until)
            seen["delta" if source.changed else "unchanged"] += 1
        return seen

    def _check(self, reader: SnapshotReader, source: Source, since: int, until: int) -> None:
        told = self._told(since, until)
        named = "rowid, *" if source.row_id else "*"
        new, old = (reader.table(f"SELECT {named} FROM {one}") for one in (source.new, source.old))
        net = difference(*(_rows(one, without_first=source.row_id) for one in (new, old)))
        if not source.changed:
            assert net == {}, told
            return
        assert source.signed is not None, told
        signed, with_rowid = source.signed, source.signed_with_rowid
        if reader.is_workbench and source.kept is not None:
            signed, with_rowid = source.kept, source.kept_with_rowid
        assert netted(reader.table(signed)) == net, told
        if source.row_id:
            assert with_rowid is not None, told
            identified = netted(reader.table(with_rowid))
            assert identified == difference(_rows(new), _rows(old)), told
        change = self._engine.change(T, since, until)
        if change.inserted is not None:
            assert change.inserted == sum(n for n in net.values() if n > 0), told
            assert change.deleted == -sum(n for n in net.values() if n < 0), told

    def _told(self, since: int, until: int) -> str:
        return f"from {since} to {until} of {self.snapshots}:\n" + "\n".join(self.log)

    def _step(self) -> list[str]:
        kinds = ["write", "transaction", "altering transaction", "alter", "upkeep"]
        match self._random.choices(kinds, weights=(45, 20, 5, 8, 22))[0]:
            case "write":
                return [self._write()]
            case "transaction":
                return ["BEGIN", *(self._write() for _ in range(4)), "COMMIT"]
            case "altering transaction":
                altered = self._random.choice(_ALTERATIONS).split("; ")
                return ["BEGIN", self._write(), *altered, self._write(), "COMMIT"]
            case "alter":
                return self._random.choice(_ALTERATIONS).split("; ")
            case _:
                return self._random.choice(_UPKEEP).split("; ")

    def _write(self) -> str:
        choose = self._random.choice
        return choose(_WRITES).format(
            a=choose(range(6)),
            b=choose(range(3)),
            x=choose(["0.0", "-0.0", "1.5", "NULL", "'nan'"]) + "::DOUBLE",
            i=f"INTERVAL '{choose(['1 month', '30 days'])}'",
            n=choose([2, 3, 25, 40]),
        )

    def _run(self, statement: str) -> None:
        self.log.append(statement)
        if statement == _EXPIRE:
            self._expire()
        else:
            self._connection.run(statement)

    def _expire(self) -> None:
        """Let some of the snapshots go; what comes after a kept one stays too."""
        kept = [one for one in self.snapshots if self._random.random() < 0.5]  # noqa: PLR2004 - as above
        kept.append(self.snapshots[-1])
        self.log.append(f"-- kept {kept}")
        self._engine.expire(keep_lake=kept, keep_store=[], older_than=_FAR)
        self.snapshots = kept


def difference(new: Counter[str], old: Counter[str]) -> dict[str, int]:
    """How many more of each row there are in `new`; rows as often in both are left out."""
    return {row: new[row] - old[row] for row in new.keys() | old.keys() if new[row] != old[row]}


def netted(signed: pa.Table) -> dict[str, int]:
    """The same for signed rows, the last column being the weight."""
    net: Counter[str] = Counter()
    *columns, weight = (column.to_pylist() for column in signed.columns)
    for row, n in zip(_told_apart(columns), weight, strict=True):
        net[row] += n
    return {row: n for row, n in net.items() if n}


def _rows(table: pa.Table, *, without_first: bool = False) -> Counter[str]:
    columns = (column.to_pylist() for column in table.columns[int(without_first) :])
    return Counter(_told_apart(columns))


def _told_apart(columns: Iterable[list[object]]) -> list[str]:
    """Each row as a text in which -0.0 is not 0.0, and a month is not 30 days."""
    return [repr(row) for row in zip(*columns, strict=True)]
