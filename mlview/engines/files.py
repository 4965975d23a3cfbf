"""Which files of a lake's table differ between two snapshots, and which rows in them are gone."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlview.definitions import literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.engines.metadata import Metadata

_PARQUET = "parquet"
_SNAPSHOT = "_ducklake_internal_snapshot_id"


class NotPlain(Exception):
    """Files of a kind whose rows are not told apart by what is known here."""


@dataclass(frozen=True, slots=True)
class Life:
    """From which snapshot on something is there, and from which on no longer."""

    begin: int
    end: int | None

    def __contains__(self, snapshot_id: int) -> bool:
        """Whether it is there at a snapshot."""
        return self.begin <= snapshot_id and (self.end is None or snapshot_id < self.end)


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """The places of rows of one data file that were deleted, by one snapshot or by several.

    Attributes:
        path: of the Parquet file.
        life: when it counts.
        last: the last snapshot that its places are of; None where they are all of `life.begin`.
    """

    path: str
    life: Life
    last: int | None

    def places(self, until: int, since: int | None = None) -> str:
        """A query of the places deleted up to a snapshot, and after another one."""
        bounds = []
        if self.last is not None and self.last > until:
            bounds.append(f"{_SNAPSHOT} <= {until}")
        if since is not None:
            bounds.append(f"{_SNAPSHOT} > {since}")
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
        return f"SELECT pos FROM read_parquet({literal(self.path)}){where}"


@dataclass(slots=True)
class DataFile:
    """A file of a table's rows.

    Attributes:
        path: as the pseudo column `filename` has it.
        rows: how many it was written with.
        life: when it counts.
        deletes: files of its deleted rows, one at a time.
    """

    path: str
    rows: int
    life: Life
    deletes: list[DeleteFile] = field(default_factory=list)

    def deleted_at(self, snapshot_id: int) -> str | None:
        """A query of the places that are deleted at a snapshot; None where none is."""
        found = self._deletes_at(snapshot_id)
        return None if found is None else found.places(snapshot_id)

    def deleted_between(self, since: int, until: int) -> str | None:
        """A query of the places deleted after one snapshot and up to another; None: no such.

        Raises:
            NotPlain: places are no longer deleted.
        """
        old, new = self._deletes_at(since), self._deletes_at(until)
        if new is None:
            if old is not None:
                raise NotPlain
            return None
        if old is None:
            return new.places(until)
        if old.path != new.path:
            return f"({new.places(until)}) EXCEPT ({old.places(since)})"
        if new.last is None or new.last <= since:
            return None
        return new.places(until, since)

    def _deletes_at(self, snapshot_id: int) -> DeleteFile | None:
        found = [each for each in self.deletes if snapshot_id in each.life]
        if len(found) > 1:
            raise NotPlain
        return found[0] if found else None


def moved_files(
    metadata: Metadata, data: str, table_id: int, since: int, until: int
) -> list[DataFile]:
    """The files of a table whose rows are not all the same at two snapshots.

    Args:
        metadata: of the lake.
        data: the directory of its files.
        table_id: the table, which is there at both.
        since: a snapshot.
        until: a later one; in between rows were inserted and deleted, no more.

    Raises:
        NotPlain: some were merged since then or added twice, or deletions are encrypted or of
            another format.
    """
    moved = (
        f"{{0}}.begin_snapshot > {int(since)} OR {{0}}.end_snapshot <= {int(until)} "
        f"OR {{0}}.partial_max > {int(since)}"
    )
    either = f"({_alive(since)} OR {_alive(until)})"
    rows = metadata.query(
        "SELECT f.data_file_id AS id, s.path AS schema_path, s.path_is_relative AS schema_within, "
        "t.path AS table_path, t.path_is_relative AS table_within, f.path AS path, "
        "f.path_is_relative AS within, f.record_count AS records, f.begin_snapshot AS begins, "
        "f.end_snapshot AS ends, f.partial_max AS merged, f.file_format AS format, "
        "d.path AS d_path, d.path_is_relative AS d_within, d.begin_snapshot AS d_begins, "
        "d.end_snapshot AS d_ends, d.partial_max AS d_last, d.format AS d_format, "
        "d.encryption_key AS d_key FROM ducklake_data_file f "
        f"JOIN ducklake_table t ON t.table_id = f.table_id AND {_alive(until).format('t')} "
        f"JOIN ducklake_schema s ON s.schema_id = t.schema_id AND {_alive(until).format('s')} "
        "LEFT JOIN ducklake_delete_file d ON d.data_file_id = f.data_file_id "
        f"AND d.table_id = f.table_id AND {either.format('d')} "
        f"WHERE f.table_id = {int(table_id)} AND {either.format('f')} "
        f"AND ({moved.format('f')} OR {moved.format('d')})"
    )
    return _files(rows, data, since)


def _alive(snapshot_id: int) -> str:
    at = int(snapshot_id)
    ends = f"({{0}}.end_snapshot IS NULL OR {{0}}.end_snapshot > {at})"
    return f"({{0}}.begin_snapshot <= {at} AND {ends})"


def _files(rows: Iterable[tuple[Any, ...]], data: str, since: int) -> list[DataFile]:
    files: dict[int, DataFile] = {}
    for row in rows:
        merged, kind = row[10:12]
        if (merged is not None and int(merged) > since) or kind != _PARQUET:
            raise NotPlain
        folder = _path(_path(f"{data}{os.sep}", row[1], row[2]), row[3], row[4])
        file = files.get(int(row[0]))
        if file is None:
            path = _path(folder, row[5], row[6])
            file = files[int(row[0])] = DataFile(path, int(row[7]), _life(row[8], row[9]))
        if row[12] is not None:
            file.deletes.append(_deletes(row[12:], folder))
    if len({file.path for file in files.values()}) < len(files):
        raise NotPlain  # the same file was added twice
    return list(files.values())


def _deletes(row: tuple[Any, ...], folder: str) -> DeleteFile:
    path, within, begins, ends, last, kind, key = row
    if kind != _PARQUET or key is not None:
        raise NotPlain
    return DeleteFile(
        _path(folder, path, within), _life(begins, ends), None if last is None else int(last)
    )


def _life(begins: str, ends: str | None) -> Life:
    return Life(int(begins), None if ends is None else int(ends))


def _path(folder: str, path: str, within: str) -> str:
    return f"{folder}{path}" if int(within) else path
