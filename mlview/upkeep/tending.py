"""Upkeep in small steps, for whoever has an idle moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.clock import SystemClock
from mlview.errors import LockTimeout, MlviewError
from mlview.planning.lakes import TIERS
from mlview.planning.upkeep import (
    EVERYTHING,
    GRACE,
    MOST_EXPIRED,
    RULES,
    Health,
    PastUpkeep,
    UpkeepAction,
    UpkeepStep,
    plan_upkeep,
    step_key,
    units_left,
)
from mlview.upkeep.collecting import drop_artifacts, executing, forget, kept_snapshots, surplus
from mlview.upkeep.remembering import past_upkeep, remember
from mlview.upkeep.retention import kept_retention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mlview.planning.lakes import LakeHealth
    from mlview.records import Version
    from mlview.storage.home import Home

_REREAD = timedelta(seconds=10)  # a lake that is fed every second need not be looked at as often
_OLDEST = timedelta(minutes=15)  # snapshots grow old although nothing happens
_UNCOMMITTED = timedelta(days=1)  # the longest transaction of a client of another kind
_LEAST_LIMIT, _TIMES_LONGER = 30.0, 10


@dataclass(frozen=True, slots=True)
class _Look:
    """What was read, when, and the newest commits then."""

    health: Health
    at: datetime
    commits: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Keeping:
    """The snapshots that stay, and from when on all do, by the name of the lake."""

    keep: Mapping[str, set[int]]
    older_than: Mapping[str, datetime]


class Tending:
    """Keeps the lakes of a database fast: `plan` says what is worth doing, `carry_out` does one.

    Nothing of it is ever needed for an answer to be right, and a step that fails is tried again
    later. Several daemons may tend one database: each step takes the write lock for as long as it
    runs, and all see what was done last.

    Args:
        home: the database.
        longest_read: how long files are kept after no snapshot has them any more.
    """

    def __init__(self, home: Home, *, longest_read: timedelta = GRACE) -> None:
        self._home = home
        self._longest_read = longest_read
        self._look: _Look | None = None
        self._known: tuple[int, Sequence[Version]] | None = None

    def plan(self, now: datetime, idle_seconds: float) -> tuple[UpkeepStep, ...]:
        """The steps that are worth doing now and fit into so many seconds, the most pressing first.

        While nobody commits this costs two queries of a row; the lakes are looked at again when
        somebody did, ten seconds after the last look at the earliest, and every quarter of an hour.
        """
        commits = self._home.engine.commits()
        look = self._look
        if look is None or _is_old(look, commits, now):
            look = self._look = _Look(self.health(now), now, commits)
        return plan_upkeep(look.health, now, idle_seconds)

    def health(self, now: datetime) -> Health:
        """What there is to do, read from the catalogs now."""
        past = past_upkeep(self._home.catalog)
        versions = self._versions()
        keeping = self._keeping(versions, now)
        lakes = self._home.engine.health(keep=keeping.keep, older_than=keeping.older_than)
        return Health(
            lakes=tuple(_on_clock(lake, now) for lake in lakes),
            surplus_versions=self._surplus(versions, past, now),
            past=past,
            longest_read=self._longest_read,
        )

    def carry_out(self, step: UpkeepStep, now: datetime) -> PastUpkeep:
        """Do one step and keep how it went; nothing is raised if it cannot be done.

        It waits for other writers for two seconds, and is given up if it takes ten times as long
        as it should.
        """
        clock, catalog = self._home.clock, self._home.catalog
        started, failures = clock.monotonic(), 0
        try:
            said = self._do(step, now)
        except LockTimeout as busy:
            said = busy.message
        except MlviewError as error:
            before = past_upkeep(catalog).get(step.key)
            failures = 1 + (before.failures if before is not None else 0)
            said = f"{error.error_code}: {error.message}"
        seconds = clock.monotonic() - started
        self._look = None
        left = units_left(self.health(now), step)
        done = PastUpkeep(now, seconds, step.prior_seconds, left, failures, said)
        remember(catalog, step.key, done)
        return done

    def done(self) -> Mapping[str, PastUpkeep]:
        """How each step went last, by its key: for people."""
        return past_upkeep(self._home.catalog)

    def _do(self, step: UpkeepStep, now: datetime) -> str:
        engine, table = self._home.engine, step.table
        limit = max(_LEAST_LIMIT, _TIMES_LONGER * step.predicted_seconds)
        match step.action:
            case UpkeepAction.MERGE if table is not None:
                engine.merge(step.lake, table, below=TIERS[step.tier], limit=limit)
                return "merged"
            case UpkeepAction.FLUSH if table is not None:
                alone = engine.flush(step.lake, table, limit=limit)
                return "flushed" if alone else "somebody was reading"
            case UpkeepAction.EXPIRE:
                return self._expire(step.lake, now)
            case UpkeepAction.CLEAN:
                files = engine.clean(step.lake, older_than=self._unread())
                return f"deleted {files:,} files"
            case _:
                return self._collect(now)

    def _expire(self, lake: str, now: datetime) -> str:
        keeping = self._keeping(self._versions(), now)
        expired = self._home.engine.expire_some(
            lake, keep=keeping.keep[lake], older_than=keeping.older_than[lake], most=MOST_EXPIRED
        )
        return f"expired {expired:,} snapshots"

    def _collect(self, now: datetime) -> str:
        home, machine = self._home, SystemClock().now()
        retention = kept_retention(home.catalog)
        versions, left = forget(home, retention=retention, now=now, dry_run=False)
        artifacts, freed = drop_artifacts(home, left, machine - GRACE, dry_run=False)
        files = home.engine.sweep(older_than=machine - _UNCOMMITTED)
        return (
            f"forgot {versions:,} versions, deleted {artifacts + files:,} files ({freed:,} bytes)"
        )

    def _keeping(self, versions: Sequence[Version], now: datetime) -> _Keeping:
        """The retention, and under the default one no more snapshots than writers stand."""
        engine, retention = self._home.engine, kept_retention(self._home.catalog)
        newest = min(now, SystemClock().now())
        limit = newest - max(retention.snapshots, GRACE)
        older_than = dict.fromkeys(("lake", "store"), limit)
        for lake in older_than if retention.at_most is not None else ():
            capped = engine.capped(lake, retention.at_most or 0)
            if capped is not None:
                older_than[lake] = max(limit, min(capped, newest - GRACE))
        return _Keeping(kept_snapshots(self._home, versions), older_than)

    def _versions(self) -> Sequence[Version]:
        counter = self._home.catalog.counter()
        if self._known is None or self._known[0] != counter:
            self._known = counter, self._home.catalog.versions()
        return self._known[1]

    def _unread(self) -> datetime:
        """Files let go before this moment are read by nobody: no refresh runs for so long."""
        limit = SystemClock().now() - self._longest_read
        return min([limit, *(record.started_at for record in executing(self._home))])

    def _surplus(
        self, versions: Sequence[Version], past: Mapping[str, PastUpkeep], now: datetime
    ) -> int:
        """Versions to forget; not counted while it is too early to collect them again."""
        last = past.get(step_key(UpkeepAction.COLLECT, EVERYTHING, None))
        if last is not None and timedelta(0) <= now - last.at < RULES[UpkeepAction.COLLECT].pause:
            return 0
        return len(surplus(self._home, versions, kept_retention(self._home.catalog), now))


def _is_old(look: _Look, commits: tuple[int, int], now: datetime) -> bool:
    age = abs(now - look.at)
    return age >= _OLDEST or (commits != look.commits and age >= _REREAD)


def _on_clock(lake: LakeHealth, now: datetime) -> LakeHealth:
    """The same, with the machine's moments as the clock in force would have had them."""
    since = lake.scheduled_since
    if since is None:
        return lake
    return replace(lake, scheduled_since=now - (SystemClock().now() - since))
