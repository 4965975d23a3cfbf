"""What a daemon says of itself, for those who look after it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class DaemonState(StrEnum):
    """Whether a daemon was at work when it last said so."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One daemon as it was at `beat_at`.

    Attributes:
        holder: `host:pid:mark`, as in the leases it takes.
        version: of mlview.
        started_at, beat_at: when it began, and when it last said that it runs.
        tick_sec: seconds after which it says so again at the latest.
        slots: refreshes it carries out at a time.
        running: refreshes it was carrying out.
        state: RUNNING, or STOPPED after it ended in order.
        note: what people should know, such as an overload.
    """

    holder: str
    version: str
    started_at: datetime
    beat_at: datetime
    tick_sec: float
    slots: int
    running: int = 0
    state: DaemonState = DaemonState.RUNNING
    note: str | None = None
