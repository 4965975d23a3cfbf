"""One plan for everybody: what would be refreshed, when it starts, when it is due, who is shed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING

from mlview.planning.scheduling import Mode
from mlview.planning.scheduling.scene import survey

if TYPE_CHECKING:
    from mlview.definitions import Name
    from mlview.freshness.agenda import Agenda
    from mlview.planning.scheduling import Decision
    from mlview.records import Plan, RefreshStep

BY_HAND = "by hand: it has neither TARGET_LAG nor REFRESH WHEN, and nobody who has reads it"
SUSPENDED = "suspended: only by hand"


def told(plan: Plan, agenda: Agenda, decision: Decision) -> Plan:
    """The same steps, each with when it is due, when it starts, who is late, and why."""
    said = _Said(agenda, decision)
    return replace(plan, steps=tuple(said.step(step) for step in plan.steps))


def in_turn(plan: Plan) -> Plan:
    """The same steps in the order in which they start, parents before their readers.

    Those that nobody scheduled come last: only REFRESH carries them out.
    """
    turns: dict[Name, float] = {}
    for step in plan.steps:
        own = inf if step.start_at is None else step.start_at.timestamp()
        turns[step.name] = max([own, *(turns[name] for name in step.reads if name in turns)])
    steps = sorted(plan.steps, key=lambda step: (step.due_at is None, turns[step.name]))
    return replace(
        plan, steps=tuple(replace(step, position=at) for at, step in enumerate(steps, start=1))
    )


class _Said:
    """What a decision says of each view."""

    def __init__(self, agenda: Agenda, decision: Decision) -> None:
        scene = survey(agenda.views, agenda.seconds)
        self._now = agenda.seconds
        self._idle = agenda.idle
        self._fired = agenda.fired
        self._due = {view.object_id: due for view, due in zip(agenda.views, scene.due, strict=True)}
        self._suspended = {view.object_id for view in agenda.views if view.suspended}
        self._starts = {
            step.object_id: start.reason
            for start in decision.starts
            for step in start.steps
            if step.mode is not Mode.NO_DATA
        }
        self._waiting = {waiting.object_id: waiting for waiting in decision.waiting}
        self._shed = {shed.object_id: shed for shed in decision.shed}

    def step(self, step: RefreshStep) -> RefreshStep:
        """The step, with when and why."""
        object_id = step.object_id
        due = self._due.get(object_id, inf)
        shed = self._shed.get(object_id)
        why, start = self._when(step, due)
        return replace(
            step,
            reason=why if step.reason in why else f"{why}; {step.reason}",
            due_at=None if due == inf else _moment(due),
            start_at=None if start is None else _moment(start),
            sheds=None
            if shed is None
            else f"{shed.reason}; it will be up to {shed.effective_target_lag:,.3g} s behind",
        )

    def _when(self, step: RefreshStep, due: float) -> tuple[str, float | None]:
        object_id = step.object_id
        if object_id in self._suspended:
            return SUSPENDED, None
        if step.name in self._idle:
            return self._idle[step.name], None
        if object_id in self._starts:
            return self._starts[object_id], self._now
        waiting = self._waiting.get(object_id)
        if waiting is not None:
            return waiting.reason, waiting.wake_at
        if due < inf:
            return "it is running", None
        fired = self._fired.get(step.name)
        return (BY_HAND if fired is None else fired.said), None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
