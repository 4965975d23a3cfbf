"""What a daemon's events are in words and fields: a line of its log each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from mlview.daemon.events import (
    Began,
    Confirmed,
    Finished,
    Orphaned,
    Overloaded,
    Recovered,
    Started,
    Stopped,
    Suspended,
    Tended,
    Troubled,
    Warned,
)
from mlview.daemon.executors.causes import ended_how
from mlview.records import RefreshState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlview.daemon.events import Event
    from mlview.definitions import Name
    from mlview.records import RefreshRecord

NAMED = 8
"""So many late views are named in a line; its facts have them all."""
INFO, WARNING, ERROR = "info", "warning", "error"
ELSEWHERE = frozenset({"REFRESH_BUSY", "LEASE_LOST", "UNKNOWN_NAME"})
"""Another process refreshed the view meanwhile, or dropped it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: how urgent it is, which event it tells, in words, and its facts."""

    level: str
    event: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@singledispatch
def lines(event: Event) -> Iterator[Line]:
    """What there is to say of an event; a look that changed nothing is not worth a line."""
    del event
    return iter(())


@lines.register(Began)
def _began(event: Began) -> Iterator[Line]:
    workers = f"{event.slots} worker{'s' if event.slots != 1 else ''}"
    said = f"keeping views fresh: {workers}, a look every {event.tick:g} s"
    yield Line(INFO, "began", said, {"workers": event.slots, "tick": event.tick})
    yield from map(_record, event.abandoned)


@lines.register(Started)
def _started(event: Started) -> Iterator[Line]:
    work = event.work
    facts = {"views": _plain(work.names), "reason": work.reason, "refresh": work.number,
             "predicted_seconds": round(work.predicted_seconds, 3)}  # fmt: skip
    yield Line(INFO, "started", f"{_names(work.names)}: {work.reason}", facts)


@lines.register(Finished)
def _finished(event: Finished) -> Iterator[Line]:
    yield from map(_record, event.records)
    done = event.done
    if done.error_code is not None and done.error_code not in _codes(event.records):
        facts = {"views": _plain(done.work.names), "error_code": done.error_code,
                 "error": done.error, "seconds": round(done.seconds, 3)}  # fmt: skip
        level = WARNING if done.error_code in ELSEWHERE else ERROR
        yield Line(level, "broken_off", f"{done.error_code}: {done.error}", facts)


@lines.register(Confirmed)
def _confirmed(event: Confirmed) -> Iterator[Line]:
    facts = {"views": _plain(event.names)}
    yield Line(INFO, "confirmed", f"{_names(event.names)}: nothing changed", facts)


@lines.register(Suspended)
def _suspended(event: Suspended) -> Iterator[Line]:
    said = f"{event.name} is suspended: {event.reason}; ALTER ... RESUME once it is mended"
    yield Line(ERROR, "suspended", said, {"view": event.name.plain, "reason": event.reason})


@lines.register(Warned)
def _warned(event: Warned) -> Iterator[Line]:
    yield Line(WARNING, "warned", event.text)


@lines.register(Overloaded)
def _overloaded(event: Overloaded) -> Iterator[Line]:
    late = event.late
    named = [f"{s.name} (up to {s.effective_target_lag:.3g} s behind)" for s in late[:NAMED]]
    if len(late) > NAMED:
        named.append(f"{len(late) - NAMED} more")
    said = f"more is due than can be in time; late will be {', '.join(named)}"
    targets = [round(shed.effective_target_lag, 3) for shed in late]
    facts = {"views": _plain(shed.name for shed in late), "effective_target_lag_sec": targets}
    yield Line(WARNING, "overloaded", said, facts)


@lines.register(Recovered)
def _recovered(event: Recovered) -> Iterator[Line]:
    del event
    yield Line(INFO, "recovered", "every view can be in time again")


@lines.register(Orphaned)
def _orphaned(event: Orphaned) -> Iterator[Line]:
    with_it = f", and {event.workers} worker{'s' if event.workers != 1 else ''} with it"
    said = f"the process that starts workers {ended_how(event.status)}{with_it}; there is another"
    facts = {"pid": event.pid, "status": event.status, "workers": event.workers}
    yield Line(WARNING, "orphaned", said, facts)


@lines.register(Tended)
def _tended(event: Tended) -> Iterator[Line]:
    said = f"upkeep, {event.action.lower()}: {event.reason}; {event.said}"
    facts = {"action": event.action, "reason": event.reason, "done": event.said,
             "seconds": round(event.seconds, 3)}  # fmt: skip
    yield Line(INFO, "tended", said, facts)


@lines.register(Troubled)
def _troubled(event: Troubled) -> Iterator[Line]:
    error = event.error
    said = getattr(error, "message", None) or repr(error)
    if event.pause is not None:
        said += f"; again in {event.pause:g} s"
    code = getattr(error, "error_code", type(error).__name__)
    yield Line(ERROR, "troubled", said, {"error_code": code, "pause": event.pause})


@lines.register(Stopped)
def _stopped(event: Stopped) -> Iterator[Line]:
    broken = [name for work in event.abandoned for name in work.names]
    said = f"stopped: {event.reason}"
    if broken:
        said += f"; {_names(broken)} broken off, nothing of them was published"
    yield Line(INFO, "stopped", said, {"reason": event.reason, "abandoned": _plain(broken)})


def _record(record: RefreshRecord) -> Line:
    facts = {
        "view": record.name,
        "refresh_id": record.refresh_id,
        "action": str(record.action),
        "state": str(record.state),
        "version": record.version,
        "seconds": record.actual_seconds,
        "predicted_seconds": record.predicted_seconds,
        "reason": record.reason,
        "error_code": record.error_code,
        "error": record.error,
    }
    known = {key: value for key, value in facts.items() if value is not None}
    if record.state is RefreshState.SUCCEEDED:
        took = "" if record.actual_seconds is None else f" in {record.actual_seconds:.2f} s"
        version = "" if record.version is None else f", version {record.version}"
        return Line(INFO, "refreshed", f"{record.name}: {record.action}{took}{version}", known)
    said = f"{record.name}: {record.state.lower()}: {record.error or record.reason}"
    level = ERROR if record.state is RefreshState.FAILED else WARNING
    return Line(level, "not_refreshed", said, known)


def _codes(records: Iterable[RefreshRecord]) -> set[str | None]:
    return {record.error_code for record in records}


def _plain(names: Iterable[Name]) -> list[str]:
    return [name.plain for name in names]


def _names(names: Iterable[Name]) -> str:
    return ", ".join(map(str, names))
