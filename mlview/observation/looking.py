"""Exact deltas for a look at the database: computed where they are worth it, and remembered."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mlview.definitions import Kind
from mlview.errors import MlviewError, StorageProblem
from mlview.observation.deltas import Ends, ViewDelta, view_delta, window_end
from mlview.planning import NEVER, predict_seconds
from mlview.records import Action, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mlview.definitions import Name
    from mlview.engines import SnapshotReader
    from mlview.planning import Observation
    from mlview.records import Staleness, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

BUDGET_SECONDS = 5.0
"""Beyond this, a view's delta is left to its refresh: a look must stay a look."""

_REMEMBERED = 256
_REMEMBERED_BYTES = 256 << 20
_REMEMBERED_WINDOWS = 10_000
_PASSING = frozenset(["INTERRUPTED", "OUT_OF_MEMORY", "TRANSACTION_ABORTED"])

Key = tuple[object, ...]


def through(row: ObjectRow, version: Version) -> int:
    """The last snapshot at which the live version is known to be right.

    Where the query reads refresh_time() that is the version's own: its window has moved since.
    """
    if version.details.get("refresh_time"):
        return version.snapshot_id
    return max(row.current_through or 0, version.snapshot_id)


class Deltas:
    """The deltas that looks have computed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: OrderedDict[Key, ViewDelta | None] = OrderedDict()
        self._windows: OrderedDict[Key, datetime | None] = OrderedDict()

    @contextmanager
    def looking(
        self, snapshot_id: int, live: Mapping[int, Version], now: datetime
    ) -> Iterator[Look]:
        """A look at one snapshot; what it opens is closed at the end."""
        look = Look(self, self._home, snapshot_id, live, now)
        try:
            yield look
        finally:
            look.close()

    def get(self, key: Key) -> tuple[bool, ViewDelta | None]:
        """Whether a delta is known, and it; None is known to be none."""
        if key not in self._known:
            return False, None
        self._known.move_to_end(key)
        return True, self._known[key]

    def keep(self, key: Key, delta: ViewDelta | None) -> None:
        """Remember a delta, forgetting those not used for longest."""
        self._known[key] = delta
        while len(self._known) > _REMEMBERED or self._bytes() > _REMEMBERED_BYTES:
            if len(self._known) == 1:
                return
            self._known.popitem(last=False)

    def window(self, key: Key, find: Callable[[], datetime | None]) -> datetime | None:
        """When the window of a version moves: found once, as nothing that comes later decides.

        What `find` raises is no answer: it is asked again the next time.
        """
        if key not in self._windows:
            self._windows[key] = find()
            if len(self._windows) > _REMEMBERED_WINDOWS:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return self._windows[key]

    def _bytes(self) -> int:
        return sum(delta.bytes for delta in self._known.values() if delta is not None)


class Look:
    """Deltas of several views at one snapshot, on one reader."""

    def __init__(
        self,
        known: Deltas,
        home: Home,
        snapshot_id: int,
        live: Mapping[int, Version],
        now: datetime,
    ) -> None:
        self._known = known
        self._home = home
        self._snapshot_id = snapshot_id
        self._live = live
        self._now = now
        self._reader: SnapshotReader | None = None

    def of(
        self,
        row: ObjectRow,
        observed: Observation,
        parents: Mapping[Name, Staleness],
        touches: tuple[tuple[int, int], ...],
    ) -> ViewDelta | None:
        """The delta of a view's query, if it has one and that is worth computing now.

        Nothing is read for a view below which nothing changed. A view whose parents are stale has
        to wait for them: what they will hold is not known before they are refreshed.
        """
        if not _has_delta(observed, self._now) or not _settled(observed, parents):
            return None
        live = self._live[row.id]
        if not _worth_it(observed, live):
            return None
        window = self._now if observed.window_from is not None else None
        upstream = tuple((u.object_id, self._now_live(u.object_id)) for u in live.upstream)
        key = (row.id, live.number, row.fingerprint, through(row, live), touches, upstream, window)
        known, delta = self._known.get(key)
        if not known:
            with suppress(MlviewError):  # for now what changed below it has the word
                delta = self._computed(row, live)
                self._known.keep(key, delta)
        return delta

    def bounded(self, row: ObjectRow, observed: Observation) -> Observation:
        """The same with the moment at which its window of refresh_time() moves, where one can tell.

        That is decided by what its live version read, so it is looked up once for each.
        """
        if observed.window_from is None or not _is_same(observed):
            return observed
        live = self._live[row.id]
        if live.snapshot_id > self._snapshot_id or not _worth_it(observed, live):
            return observed
        key = (row.id, live.number, row.fingerprint)
        with suppress(MlviewError):  # for now it counts as moved from the start
            until = self._known.window(key, lambda: self._window_end(row, live))
            return replace(observed, window_until=until)
        return observed

    def _window_end(self, row: ObjectRow, live: Version) -> datetime | None:
        try:
            found = window_end(self._home, self._opened(), self._ends(row, live), self._version_of)
        except MlviewError as error:
            if passes(error):
                raise
            return None  # it counts as moved from the start
        return NEVER if found is None else found

    def close(self) -> None:
        """Give the reader back."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _computed(self, row: ObjectRow, live: Version) -> ViewDelta | None:
        try:
            return view_delta(self._home, self._opened(), self._ends(row, live), self._version_of)
        except MlviewError as error:
            if passes(error):
                raise
            return None  # what changed below it has the word then; its refresh says what is wrong

    def _version_of(self, row: ObjectRow) -> Version:
        return self._live[row.id]

    def _ends(self, row: ObjectRow, live: Version) -> Ends:
        return Ends(row, live, through(row, live), self._snapshot_id, self._now)

    def _opened(self) -> SnapshotReader:
        if self._reader is None:
            self._reader = self._home.engine.workbench(self._snapshot_id, refresh_time=self._now)
        return self._reader

    def _now_live(self, object_id: int) -> int | None:
        version = self._live.get(object_id)
        return version.number if version is not None else None


def passes(error: MlviewError) -> bool:
    """Whether the next look may find what this one did not: the query and its rows are not why."""
    return isinstance(error, StorageProblem) or error.error_code in _PASSING


def _has_delta(observed: Observation, now: datetime) -> bool:
    """Whether anything changed, and a delta leads from the live version to the next one."""
    moved = observed.changes or observed.moved or observed.window_moved(now)
    return bool(moved) and _is_same(observed)


def _is_same(observed: Observation) -> bool:
    """Whether the live version and the next one are of one definition, over the same relations."""
    if observed.live is None:
        return False
    anew = observed.missing or observed.lost or observed.broken or observed.recreated
    models = any(move.kind is Kind.MODEL for move in observed.moved)
    return not (anew or observed.redefined or models)


def _settled(observed: Observation, parents: Mapping[Name, Staleness]) -> bool:
    found = (parents[name] for name in observed.reads if name in parents)
    return all(
        parent.state is State.FRESH
        or (parent.state is State.SUSPENDED and parent.lag_sec == 0.0 and not parent.stale_since)
        for parent in found
    )


def _worth_it(observed: Observation, live: Version) -> bool:
    changed = sum(change.rows or 0 for change in observed.changes)
    seconds = predict_seconds(Action.INCREMENTAL, live.rows or 0, changed, ())
    return seconds <= BUDGET_SECONDS
