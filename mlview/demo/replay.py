"""Days that arrive one by one: scored before they are learned from, then refreshed where due."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from mlview.demo import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mlview.clock import ManualClock
    from mlview.demo.data import Source
    from mlview.session import Result

MIDNIGHT = timedelta(hours=4)  # of New York, in UTC, while daylight saving lasts
NIGHTLY = timedelta(hours=3)  # after midnight, the job that looks at what is due
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Score:
    """AUC on one day's flights, none of which either version had seen."""

    live: float
    never: float

    @property
    def differ(self) -> bool:
        """Whether retraining changed anything; before the first refresh it cannot."""
        return self.live != self.never


@dataclass(frozen=True, slots=True)
class View:
    """How one view stood when the nightly job looked.

    Attributes:
        lag_hours: since the first change that its live version has not seen.
        changed_rows: rows changed below it; None where that is not known, as for a model whose
            features were refreshed after it.
    """

    lag_hours: float
    changed_rows: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day: its flights, how stale that made each view, the scores, and what was refreshed."""

    date: date
    flights: int
    views: dict[str, View]
    scores: dict[str, Score]
    refreshed: tuple[str, ...]

    @property
    def retrained(self) -> bool:
        """Whether a model was among what was refreshed."""
        return any(name in self.scores for name in self.refreshed)


class Replay:
    """Plays days into a database; `run` runs a statement, and may print it."""

    def __init__(self, run: Callable[[str], Result], clock: ManualClock, source: Source) -> None:
        self._run = run
        self._clock = clock
        self._source = source

    def days(self, first: date, count: int) -> Iterator[Day]:
        """One after the other, each when it is asked for."""
        for number in range(count):
            yield self.day(first + number * ONE_DAY)

    def day(self, day: date) -> Day:
        """Let a day arrive at midnight, score it, and refresh what is due three hours later."""
        flights = self.arrive(day)
        scores = {name: self.score(name) for name in statements.MODELS}
        views = self.wait()
        due = self.due()
        self.refresh(due, len(views))
        return Day(day, flights, views, scores, due)

    def arrive(self, day: date) -> int:
        """Insert a day's rows at the midnight that ends it; the number of its flights."""
        self._clock.set(midnight_after(day))
        self._run(statements.arrive(self._source, day))
        return int(self._run(statements.COUNT_TODAY).fetchall()[0][0])

    def score(self, model: str) -> Score:
        """AUC of the live version and of the first one, on the day that arrived last."""
        live, never = self._run(statements.compare(model)).fetchall()[0]
        return Score(live, never)

    def wait(self) -> dict[str, View]:
        """Let the hours until the nightly job pass; how stale every view is then."""
        self._clock.advance(NIGHTLY)
        rows = self._run(statements.STALENESS).fetchall()
        return {name: View(lag, changed) for name, _, lag, _, changed in rows}

    def due(self) -> tuple[str, ...]:
        """Views that would be past their target lag before the next night."""
        return tuple(name for (name,) in self._run(statements.DUE).fetchall())

    def refresh(self, due: tuple[str, ...], everything: int) -> None:
        """Refresh these views."""
        if due:
            self._run(statements.refresh(due, everything))


def midnight_after(day: date) -> datetime:
    """The moment in UTC at which a New York summer day ends."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + ONE_DAY + MIDNIGHT


def means(days: Sequence[Day], model: str) -> Score:
    """The mean of the daily scores of one model."""
    scores = [day.scores[model] for day in days]
    return Score(
        sum(score.live for score in scores) / len(scores),
        sum(score.never for score in scores) / len(scores),
    )


def write(days: Sequence[Day], file: Path) -> None:
    """Every number of the replay, a line per day."""
    views, models = list(days[0].views), list(days[0].scores)
    with file.open("w", newline="", encoding="utf-8") as out:
        line = csv.writer(out, lineterminator="\n")
        line.writerow(
            ["date", "flights", "refreshed"]
            + [f"{view}_{what}" for view in views for what in ("lag_hours", "changed_rows")]
            + [f"{model}_auc_{copy}" for model in models for copy in ("live", "never")]
        )
        for day in days:
            stale = [n for v in views for n in (day.views[v].lag_hours, day.views[v].changed_rows)]
            scores = [n for m in models for n in (day.scores[m].live, day.scores[m].never)]
            line.writerow([day.date, day.flights, " ".join(day.refreshed), *stale, *scores])
