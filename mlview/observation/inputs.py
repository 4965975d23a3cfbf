"""What became of everything that views read, between their live versions and one snapshot."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mlview.definitions import Kind, Name, RefreshMode, fold
from mlview.errors import MlviewError
from mlview.graph import Graph, Node
from mlview.observation.looking import through
from mlview.observation.reads import resolve
from mlview.observation.stored import definition_of, maintenance_of
from mlview.planning import Observation, UpstreamMove
from mlview.records import TableChange
from mlview.sql import mentions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from mlview.definitions import Freshness
    from mlview.planning import SourceReach
    from mlview.records import Snapshot, TableState, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


class Inputs:
    """One look at everything."""

    def __init__(
        self,
        home: Home,
        snapshot: Snapshot,
        rows: Mapping[Name, ObjectRow],
        live: Mapping[int, Version],
        sources: Callable[[Freshness], tuple[SourceReach, ...]],
    ) -> None:
        self._engine = home.engine
        self._sources = sources
        self._home = home
        self._snapshot = snapshot
        self._rows = rows
        self._by_id = {row.id: row for row in rows.values()}
        self._live = live
        self._tables = home.engine.tables(snapshot.id)
        self._views = home.engine.views(snapshot.id)
        starts = [through(row, live[row.id]) for row in rows.values() if row.id in live]
        self._touched = (
            home.engine.changed_tables(min(starts), snapshot.id)
            if starts and min(starts) < snapshot.id
            else {}
        )

    def observation(self, row: ObjectRow, *, counted: bool = True) -> Observation:
        """What became of one view's inputs; without `counted`, not how many rows changed."""
        definition = definition_of(row.create_text)
        version = self._live.get(row.id)
        promise: Freshness | None = getattr(definition, "freshness", None)
        blank = Observation(
            name=row.name,
            kind=row.kind,
            object_id=row.id,
            live=version,
            suspended=row.suspended,
            suspended_reason=row.suspended_reason,
            unusable_reason=row.unusable_reason,
            target_lag=getattr(definition, "target_lag", None),
            mode=getattr(definition, "refresh_mode", RefreshMode.AUTO),
            sources=self._sources(promise) if promise is not None else (),
        )
        if version is None:
            return replace(blank, reads=self._upstream(row))
        since = through(row, version)
        base = {Name.from_qualified(text): id_ for text, id_ in version.base_tables.items()}
        present = {name: self._tables[name] for name in base if name in self._tables}
        recreated = tuple(n for n, state in present.items() if state.table_id != base[n])
        dropped = self._dropped(version)
        redefined = tuple(self._redefined(row, version))
        broken = tuple(self._broken(definition.query, present, recreated, since))
        return replace(
            blank,
            reads=self._upstream(row) if redefined else self._still_read(version),
            changes=tuple(self._changes(present, recreated, since, counted=counted)),
            missing=tuple(name for name in base if name not in present),
            lost=tuple(name for name in dropped if name not in self._rows),
            broken=broken,
            broken_at=self._broken_at(base) if broken or len(present) < len(base) else None,
            recreated=(*recreated, *(name for name in dropped if name in self._rows)),
            redefined=redefined,
            moved=(moved := tuple(self._moved(version))),
            below=tuple(self._below(moved, since, counted=counted)),
            window_from=version.data_timestamp if version.details.get("refresh_time") else None,
            maintenance=maintenance_of(version),
        )

    def touches(self, row: ObjectRow) -> tuple[tuple[int, int], ...]:
        """The tables a live version reads that were touched since, with the last commit to each."""
        version = self._live.get(row.id)
        if version is None:
            return ()
        found = ((id_, self._touched.get(id_)) for id_ in version.base_tables.values())
        return tuple((id_, touch.last_snapshot) for id_, touch in found if touch is not None)

    def graph(self) -> Graph:
        """Who reads whom, as written."""
        nodes: dict[Name, Kind] = {row.name: row.kind for row in self._rows.values()}
        edges: list[tuple[Name, Name]] = []
        for row in self._rows.values():
            for name, kind in self._reads(row).items():
                nodes.setdefault(name, kind)
                edges.append((row.name, name))
        for name in [n for n, kind in nodes.items() if kind is Kind.VIEW and n in self._views]:
            edges += self._below_view(name, nodes)
        return Graph.of([Node(name, kind) for name, kind in nodes.items()], edges)

    def _below_view(self, name: Name, nodes: dict[Name, Kind]) -> list[tuple[Name, Name]]:
        try:
            reads = resolve(self._home, self._views[name], self._snapshot.id, what=str(name))
        except MlviewError:
            return []  # a view whose own tables are gone reads nothing any more
        edges = []
        for read, kind in reads.direct.items():
            edges.append((name, read))
            if read not in nodes:
                nodes[read] = kind
                if kind is Kind.VIEW:
                    edges += self._below_view(read, nodes)
        return edges

    def _reads(self, row: ObjectRow) -> Mapping[Name, Kind]:
        """What a definition names; the live version's record knows, if it is of that definition."""
        version = self._live.get(row.id)
        if version is not None and version.fingerprint == row.fingerprint:
            kept = version.details.get("reads", {})
            return {Name.from_qualified(text): Kind(kind) for text, kind in kept.items()}
        query = definition_of(row.create_text).query
        try:
            return resolve(self._home, query, self._snapshot.id, what=str(row.name)).direct
        except MlviewError:
            return {}  # its staleness says what is missing

    def _still_read(self, version: Version) -> tuple[Name, ...]:
        """The views and models that the version read and that are still there."""
        kept = (self._by_id.get(u.object_id) for u in version.upstream)
        return tuple(row.name for row in kept if row is not None)

    def _dropped(self, version: Version) -> tuple[Name, ...]:
        """What the version read and is no more, though its name may have been given again."""
        gone = [u.object_id for u in version.upstream if u.object_id not in self._by_id]
        return tuple(self._home.catalog.object(object_id).name for object_id in gone)

    def _upstream(self, row: ObjectRow) -> tuple[Name, ...]:
        """The materialized views and models below a definition as it is now."""
        query = definition_of(row.create_text).query
        try:
            reads = resolve(self._home, query, self._snapshot.id, what=str(row.name))
        except MlviewError:
            return ()  # its refresh says what is missing
        return tuple(upstream.name for upstream in reads.upstream.values())

    def _below(
        self, moved: Iterable[UpstreamMove], through: int, *, counted: bool
    ) -> list[TableChange]:
        """What changed since a snapshot in the base tables under views that moved after it."""
        tables: dict[Name, int] = {}
        waiting = [self._rows[move.name].id for move in moved]
        while waiting:
            version = self._live.get(waiting.pop())
            if version is None:
                continue
            tables |= {Name.from_qualified(t): id_ for t, id_ in version.base_tables.items()}
            waiting += [upstream.object_id for upstream in version.upstream]
        present = {name: self._tables[name] for name in tables if name in self._tables}
        again = tuple(n for n, state in present.items() if state.table_id != tables[n])
        return self._changes(present, again, through, counted=counted)

    def _changes(
        self,
        present: Mapping[Name, TableState],
        recreated: tuple[Name, ...],
        through: int,
        *,
        counted: bool,
    ) -> list[TableChange]:
        changes = []
        for name, state in present.items():
            touch = self._touched.get(state.table_id)
            if name in recreated or touch is None or touch.last_snapshot <= through:
                continue
            change = (
                self._engine.change(name, through, self._snapshot.id)
                if counted
                else TableChange(
                    name, through, self._snapshot.id, None, None, touch.first_changed_at, None
                )
            )
            if change.rows != 0:
                changes.append(change)
        return changes

    def _broken(
        self,
        query: str,
        present: Mapping[Name, TableState],
        recreated: tuple[Name, ...],
        through: int,
    ) -> list[str]:
        """In words, the columns the query names that are gone or have another type."""
        texts = [query, *self._views.values()]
        found = []
        for name, state in present.items():
            touch = self._touched.get(state.table_id)
            if name not in recreated and (touch is None or touch.last_snapshot <= through):
                continue
            before = self._engine.tables(through).get(name)
            if before is None or before.columns == state.columns:
                continue
            now = {fold(column.name): column for column in state.columns}
            for column in before.columns:
                if not any(mentions(text, column.name) for text in texts):
                    continue
                after = now.get(fold(column.name))
                if after is None:
                    found.append(f"column {name}.{column.name} ({column.type}) was dropped")
                elif after.type != column.type:
                    found.append(
                        f"column {name}.{column.name} was {column.type} and is {after.type}"
                    )
        return found

    def _broken_at(self, base: Mapping[Name, int]) -> datetime | None:
        times = [
            self._touched[id_].first_changed_at for id_ in base.values() if id_ in self._touched
        ]
        return min(times, default=None)

    def _redefined(self, row: ObjectRow, version: Version) -> list[str]:
        if version.fingerprint != row.fingerprint:
            return ["its definition was replaced"]
        views = version.details.get("views", {})
        changed = []
        for text, digest in views.items():
            name = Name.from_qualified(text)
            kept = self._rows.get(name)
            now = self._views.get(name) if kept is None else kept.create_text
            if now is None:
                changed.append(f"view {name} is gone")
            elif text_digest(now) != digest:
                changed.append(f"view {name} was replaced")
        return changed

    def _moved(self, version: Version) -> list[UpstreamMove]:
        moves = []
        for upstream in version.upstream:
            row = self._by_id.get(upstream.object_id)
            if row is not None and row.live_version not in (None, upstream.version):
                at = row.live_since or version.created_at
                moves.append(UpstreamMove(row.name, row.kind, at))
        return moves


def text_digest(text: str) -> str:
    """A short digest that says whether a text is the same."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
