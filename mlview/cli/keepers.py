"""The daemons of a database, as `mlview status` shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.cli.standing import short_length
from mlview.freshness.planner import SILENCE
from mlview.planning.alarms import Alarm
from mlview.records import DaemonState
from mlview.storage.processes import describe, is_gone

if TYPE_CHECKING:
    from mlview.records import Heartbeat
    from mlview.session import Database


@dataclass(frozen=True, slots=True)
class Keepers:
    """What to say of the daemons, and whether somebody has to look after one."""

    lines: tuple[str, ...]
    alarm: Alarm


def daemons(db: Database) -> Keepers:
    """Those that run, and the last one that should and does not.

    A daemon that was stopped in order is no alarm: somebody wanted it so.
    """
    now = db.services.home.clock.now()
    beats = db.services.home.catalog.heartbeats()
    running = [beat for beat in beats if beat.state is DaemonState.RUNNING]
    alive = [b for b in running if now - b.beat_at <= SILENCE and not is_gone(b.holder)]
    lines = [_alive(beat, (now - beat.beat_at).total_seconds()) for beat in alive]
    if alive or not beats:
        return Keepers(tuple(lines), Alarm.OK)
    last = beats[0]
    since = short_length(max((now - last.beat_at).total_seconds(), 0.0))
    if last.state is DaemonState.STOPPED:
        return Keepers((f"no daemon runs; the last one ended {since} ago: {last.note}",), Alarm.OK)
    who = describe(last.holder)
    said = f"! no daemon runs: {who} gave its last sign of life {since} ago"
    return Keepers((f"{said}; start it again: mlview daemon",), Alarm.WARN)


def _alive(beat: Heartbeat, ago: float) -> str:
    doing = f", {beat.running} of {beat.slots} workers busy" if beat.running else ""
    since = short_length(max(ago, 0.0))
    return f"daemon: {describe(beat.holder)}, last sign of life {since} ago{doing}"
