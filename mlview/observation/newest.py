"""How far the data of base tables reaches: the newest moment in a column, read once per change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import Name, fold, quote
from mlview.errors import BindProblem, MlviewError, UnknownName, did_you_mean
from mlview.planning import SourceReach

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mlview.definitions import SourceFreshness
    from mlview.records import Column, Snapshot, TableState
    from mlview.storage.home import Home

_MOMENTS = ("TIMESTAMP", "DATE")
_SECOND = 1e-6


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a column, and at which snapshot."""

    snapshot_id: int
    table_id: int
    newest: float | None


class Newest:
    """Remembers the newest moment of each column that somebody promised something about."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[tuple[str, ...], _Read] = {}

    def reaches(
        self, sources: Iterable[SourceFreshness], snapshot: Snapshot, now: datetime
    ) -> tuple[SourceReach, ...]:
        """How far each source reaches at a snapshot; those that cannot be read are left out.

        A table is scanned again only after a commit to it.
        """
        found = ((source, self._newest(source.column, snapshot, now)) for source in sources)
        return tuple(
            SourceReach(newest, source.within.total_seconds())
            for source, newest in found
            if newest is not None
        )

    def _newest(self, path: tuple[str, ...], snapshot: Snapshot, now: datetime) -> float | None:
        name, _ = _split(path)
        state = self._home.engine.tables(snapshot.id).get(name)
        if state is None:
            return None
        known = self._known.get(path)
        if known is not None and self._still_right(known, state, snapshot):
            newest = known.newest
        else:
            try:
                newest = _read(self._home, state, path[-1], snapshot, now)
            except MlviewError:
                return None  # the column was dropped or retyped: nothing is known of it
        self._known[path] = _Read(snapshot.id, state.table_id, newest)
        return newest

    def _still_right(self, known: _Read, state: TableState, snapshot: Snapshot) -> bool:
        if known.table_id != state.table_id or snapshot.id < known.snapshot_id:
            return False
        if snapshot.id == known.snapshot_id:
            return True
        touched = self._home.engine.changed_tables(known.snapshot_id, snapshot.id)
        return state.table_id not in touched


def check_source(home: Home, source: SourceFreshness) -> None:
    """Refuse a SOURCE that is no column of moments of a base table.

    Raises:
        UnknownName: no such table or column, with the nearest one.
        BindProblem: a column of another type, or no table is named.
    """
    name, column = _split(source.column)
    tables = home.engine.tables(home.engine.current_snapshot().id)
    state = tables.get(name)
    if state is None:
        kept = home.catalog.find(name)
        found = f"there is no {name}" if kept is None else f"{name} is a {kept.kind.lower()}"
        raise UnknownName(
            f"SOURCE takes a column of a base table, and {found}",
            name=name.plain,
            hint=did_you_mean(name.plain, [known.plain for known in tables]),
        )
    moment = _column(state, column)
    if moment is None:
        names = [known.name for known in state.columns]
        raise UnknownName(
            f"{name} has no column {column}",
            name=name.plain,
            hint=did_you_mean(column, names) or f"its columns are {', '.join(names)}",
        )
    if not moment.type.startswith(_MOMENTS):
        moments = [c.name for c in state.columns if c.type.startswith(_MOMENTS)]
        raise BindProblem(
            f"SOURCE takes a TIMESTAMP or a DATE, found {name}.{moment.name} of type {moment.type}",
            hint=f"{name} has {', '.join(moments)}" if moments else None,
        )


def _read(
    home: Home, state: TableState, wanted: str, snapshot: Snapshot, now: datetime
) -> float | None:
    """Seconds since 1970 of the newest finite moment; None if there is none."""
    column = _column(state, wanted)
    if column is None or not column.type.startswith(_MOMENTS):
        raise BindProblem(f"{state.name} has no moments in {wanted}")
    spelled = quote(column.name)
    moment = spelled if column.type.endswith("TIME ZONE") else f"{spelled}::TIMESTAMP"
    query = (
        f"SELECT epoch_us(max({moment}) FILTER (WHERE isfinite({spelled}))) FROM lake.{state.name}"
    )
    with home.engine.reader(snapshot.id, refresh_time=now) as reader:
        newest = reader.table(query).column(0)[0].as_py()
    return None if newest is None else newest * _SECOND


def _split(path: tuple[str, ...]) -> tuple[Name, str]:
    """The table and the column of `table.column` or `schema.table.column`."""
    *table, column = path
    match table:
        case [name]:
            return Name(name), column
        case [schema, name]:
            return Name(name, schema), column
        case _:
            raise BindProblem(
                f"SOURCE takes a column with its table, found {'.'.join(path)}",
                hint="SOURCE flights.time_hour WITHIN '1 day'",
            )


def _column(state: TableState, name: str) -> Column | None:
    return next((column for column in state.columns if fold(column.name) == fold(name)), None)
