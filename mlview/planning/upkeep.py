"""Which upkeep is worth doing now, in what order, and what fits into an idle moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlview.planning.lakes import MIB, TIERS, LakeHealth, TableHealth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlview.definitions import Name

GRACE = timedelta(hours=1)
"""The longest a read may take: files are deleted no earlier than this after they were let go."""
EVERYTHING = "database"
URGENT = 20
"""So many times the threshold, and a step is done although it is longer than the idle moment."""


class UpkeepAction(StrEnum):
    """What may be done, in the order of what it spares its readers."""

    MERGE = "MERGE"
    FLUSH = "FLUSH"
    EXPIRE = "EXPIRE"
    CLEAN = "CLEAN"
    COLLECT = "COLLECT"


@dataclass(frozen=True, slots=True)
class Rule:
    """When an action is worth it.

    Attributes:
        least: units from which on it is done; counted from what the last run had to leave.
        pause: how long after its last run it is done again, whatever the units.
        stale: how long after its last run fewer units than `least` are enough; never, if None.
        base: seconds that it takes without any units.
        each: seconds for each unit.
    """

    least: int
    pause: timedelta
    stale: timedelta | None
    base: float
    each: float


_MINUTE = timedelta(minutes=1)
RULES: Mapping[UpkeepAction, Rule] = {
    # A scan opens a file in 2 to 4 ms, merging takes it up in 0.5 ms: paid back by the next scan.
    UpkeepAction.MERGE: Rule(32, _MINUTE, None, 0.02, 0.0006),
    # DuckLake reads some hundred thousand rows a second from its catalog, and millions from files.
    UpkeepAction.FLUSH: Rule(1000, 10 * _MINUTE, None, 0.05, 0.00002),
    # Every commit and every reader looks through the snapshots: 0.15 ms for a thousand.
    UpkeepAction.EXPIRE: Rule(500, 5 * _MINUTE, timedelta(days=1), 0.1, 0.00005),
    # Costs only space; a directory of many thousand files is slow to list.
    UpkeepAction.CLEAN: Rule(200, 10 * _MINUTE, timedelta(hours=6), 0.05, 0.0001),
    # Versions, artifacts and what killed processes left: the price of a look at all of them.
    UpkeepAction.COLLECT: Rule(50, GRACE, timedelta(days=1), 0.2, 0.001),
}
_SECONDS_PER_BYTE = 1 / (30 * MIB)
_MOST_BACKOFF = timedelta(days=1)
_SCALES = (0.25, 10.0)
MOST_EXPIRED = 5000
"""Snapshots that one step lets go, so that writers never wait long for the lock."""


@dataclass(frozen=True, slots=True)
class PastUpkeep:
    """How the last run of a step went.

    Attributes:
        at: when.
        seconds: how long it took.
        prior_seconds: how long it should have taken.
        left: units that were still there after it; they do not count again.
        failures: runs in a row that failed, this one included.
        said: what came of it, for people.
    """

    at: datetime
    seconds: float
    prior_seconds: float
    left: int = 0
    failures: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """All that upkeep decides from.

    Attributes:
        lakes: the lake and the store.
        surplus_versions: versions of views that neither the retention nor any reader keeps.
        past: the last run of each step, by its key.
        longest_read: how long a file is kept after it was let go.
    """

    lakes: tuple[LakeHealth, ...] = ()
    surplus_versions: int = 0
    past: Mapping[str, PastUpkeep] = field(default_factory=lambda: MappingProxyType({}))
    longest_read: timedelta = GRACE


@dataclass(frozen=True, slots=True)
class UpkeepStep:
    """One piece of upkeep.

    Attributes:
        action: what.
        lake: `lake`, `store`, or `database` for all of it.
        table: the table, where it is about one.
        reason: why, for people.
        predicted_seconds: how long it will take, as the last run went.
        prior_seconds: how long it takes on the machine that the rules were measured on.
        units: files, rows, snapshots or versions that it is about.
        tier: which of `TIERS` the files to merge are below.
        urgent: whether it shall be done although nothing is idle for so long.
    """

    action: UpkeepAction
    lake: str
    table: Name | None
    reason: str
    predicted_seconds: float
    prior_seconds: float
    units: int
    tier: int = 0
    urgent: bool = False

    @property
    def key(self) -> str:
        """What it is remembered by; steps of one key do the same."""
        return step_key(self.action, self.lake, self.table, self.tier)


def step_key(action: UpkeepAction, lake: str, table: Name | None, tier: int = 0) -> str:
    """What a step is remembered by.

    >>> step_key(UpkeepAction.EXPIRE, "store", None)
    'expire:store'
    """
    of = [action.value.lower() + (str(tier) if tier else ""), lake]
    return ":".join([*of, *([table.plain] if table is not None else [])])


def plan_upkeep(health: Health, now: datetime, idle_seconds: float) -> tuple[UpkeepStep, ...]:
    """The steps that are worth doing and fit one after the other into `idle_seconds`.

    A step is worth doing from so many units on that it pays for itself (`RULES`), and not before a
    pause since it was last done, twice as long for each failure in a row; units that the last run
    could not do anything about do not count. So nothing is done on every tick, and a step that
    achieves nothing is not tried for ever. What has become pressing comes first and is done even
    if it is longer than the idle moment; a clock that was set back delays nothing.

    None of these steps changes what a snapshot holds, and all but FLUSH leave readers that are
    under way alone: files that were merged or expired stay for `GRACE`. FLUSH takes rows out of
    the catalog under a reader's hands and must be carried out alone.
    """
    steps = sorted(_worth_doing(health, now), key=lambda each: -_pressure(each))
    chosen: list[UpkeepStep] = []
    left = idle_seconds
    for step in steps:
        if step.urgent or step.predicted_seconds <= left:
            chosen.append(step)
            left -= step.predicted_seconds
    return tuple(chosen)


def units_left(health: Health, step: UpkeepStep) -> int:
    """How many units of a step there are now, counted as they were for the step."""
    if step.action is UpkeepAction.COLLECT:
        return 0
    lake = next((one for one in health.lakes if one.lake == step.lake), LakeHealth(step.lake))
    table = next((one for one in lake.tables if one.name == step.table), None)
    match step.action:
        case UpkeepAction.EXPIRE:
            return lake.expirable if lake.expirable < MOST_EXPIRED else 0
        case UpkeepAction.CLEAN:
            return lake.scheduled
        case _ if table is None:
            return 0
        case UpkeepAction.MERGE:
            below = table.mergeable[step.tier - 1].count if step.tier else 0
            return table.mergeable[step.tier].count - below
        case _:
            return table.inlined_rows


def _pressure(step: UpkeepStep) -> float:
    return step.units / RULES[step.action].least


def _worth_doing(health: Health, now: datetime) -> Iterator[UpkeepStep]:
    for lake in health.lakes:
        for table in lake.tables:
            yield from _for_table(lake.lake, table, health, now)
        yield from _for_lake(lake, health, now)
    # One more for what processes that were killed left: only a look at the files can tell.
    units = health.surplus_versions + 1
    said = f"to collect: {health.surplus_versions:,} versions, and what was left behind"
    yield from _step(UpkeepAction.COLLECT, EVERYTHING, units, said, health, now)


def _for_table(
    lake: str, table: TableHealth, health: Health, now: datetime
) -> Iterator[UpkeepStep]:
    name = table.name
    # The highest tier that has enough takes the lower ones with it.
    for tier in reversed(range(len(TIERS))):
        files = table.mergeable[tier]
        below = table.mergeable[tier - 1].count if tier else 0
        said = f"files of {name} below {TIERS[tier] // MIB} MiB to merge"
        merge = tuple(
            _step(
                UpkeepAction.MERGE, lake, files.count - below, said, health, now,
                table=name, size=files.size, tier=tier, more=below,
            )
        )  # fmt: skip
        if merge:
            yield from merge
            break
    said = f"rows of {name} to move from the catalog to a file"
    yield from _step(UpkeepAction.FLUSH, lake, table.inlined_rows, said, health, now, table=name)


def _for_lake(lake: LakeHealth, health: Health, now: datetime) -> Iterator[UpkeepStep]:
    expirable = min(lake.expirable, MOST_EXPIRED)
    said = f"of {lake.snapshots:,} snapshots to expire"
    yield from _step(UpkeepAction.EXPIRE, lake.lake, expirable, said, health, now)
    since = lake.scheduled_since
    if since is not None and now - since > health.longest_read:
        said = "files that no snapshot has to delete"
        yield from _step(UpkeepAction.CLEAN, lake.lake, lake.scheduled, said, health, now)


def _step(
    action: UpkeepAction,
    lake: str,
    units: int,
    said: str,
    health: Health,
    now: datetime,
    *,
    table: Name | None = None,
    size: int = 0,
    tier: int = 0,
    more: int = 0,
) -> Iterator[UpkeepStep]:
    """The step, if it is worth doing."""
    rule, past = RULES[action], health.past.get(step_key(action, lake, table, tier))
    fresh = units - (past.left if past is not None else 0)
    if fresh <= 0 or not _is_time(rule, past, fresh, now):
        return
    prior = rule.base + rule.each * (units + more) + size * _SECONDS_PER_BYTE
    yield UpkeepStep(
        action=action,
        lake=lake,
        table=table,
        reason=f"{units:,} {said}",
        predicted_seconds=prior * _slowness(past),
        prior_seconds=prior,
        units=fresh,
        tier=tier,
        urgent=fresh >= URGENT * rule.least,
    )


def _is_time(rule: Rule, past: PastUpkeep | None, fresh: int, now: datetime) -> bool:
    if past is None or past.at > now:
        return fresh >= rule.least or rule.stale is not None
    since = now - past.at
    if since < min(rule.pause * 2 ** min(past.failures, 20), _MOST_BACKOFF):
        return False
    return fresh >= rule.least or (rule.stale is not None and since >= rule.stale)


def _slowness(past: PastUpkeep | None) -> float:
    """How many times longer the last run took than it should have."""
    if past is None or past.failures or past.prior_seconds <= 0:
        return 1.0
    least, most = _SCALES
    return min(max(past.seconds / past.prior_seconds, least), most)
