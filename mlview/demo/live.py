"""The last chapter: a daemon keeps views fresh while commits arrive, in real seconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from mlview.clock import SystemClock
from mlview.daemon import Daemon
from mlview.daemon.events import Finished, Overloaded, Recovered, Suspended, Warned
from mlview.daemon.lines import lines
from mlview.demo.statements import quoted_file
from mlview.records import Action, RefreshState
from mlview.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from mlview.daemon.events import Event as Told
    from mlview.demo.data import Source
    from mlview.demo.telling import Teller
    from mlview.session import Database

WORKERS = 2
LIGHT_KEYS = ("carrier", "origin", "dest", "date", "tailnum")
HEAVY = """\
CREATE MODEL heavy PREDICT late TARGET_LAG '30 seconds'
  USING HistGradientBoostingClassifier (max_iter => 60) KEY (flight_id) AS
SELECT flight_id, carrier, origin, dest, distance, sched_dep_time,
       arr_delay > 15 AS late FROM flights;"""
SLO = """\
SELECT name, target_lag_sec AS target,
       round(time_within_target_lag_ratio, 3) AS within,
       round(mean_lag_sec, 1) AS mean_lag, round(max_lag_sec, 1) AS max_lag,
       round(error_budget_left, 2) AS budget_left
FROM mlview.slo ORDER BY name;"""
HISTORY = """\
SELECT action, state, count(*) AS refreshes,
       round(median(actual_seconds), 2) AS seconds,
       round(median(predicted_seconds), 2) AS predicted
FROM mlview.refresh_history WHERE trigger = 'SCHEDULED'
GROUP BY ALL ORDER BY ALL;"""
CROWD = 16
CROWD_LAG = "1 second"
_COLUMNS = {"second": 6, "new flights": 11, "refreshed": 9, "behind": 6, "workers": 7}


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of it.

    Attributes:
        refreshed: scheduled refreshes that succeeded, by action.
        failed: scheduled refreshes that failed.
        announced: what the daemon warned of.
        fresh: whether nothing was behind its target when it ended.
    """

    refreshed: dict[Action, int]
    failed: int
    announced: tuple[str, ...]
    fresh: bool


class Listener:
    """Keeps what the daemon told, from its thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._refreshed: dict[Action, int] = {}
        self._failed = 0
        self._announced: list[str] = []

    def __call__(self, event: Told) -> None:
        """Take an event."""
        with self._lock:
            match event:
                case Finished(_, records):
                    for record in records:
                        if record.state is RefreshState.SUCCEEDED:
                            self._refreshed[record.action] = (
                                self._refreshed.get(record.action, 0) + 1
                            )
                        else:
                            self._failed += 1
                case Warned() | Overloaded() | Recovered() | Suspended():
                    self._announced += [line.text for line in lines(event)]
                case _:
                    pass

    def so_far(self) -> Kept:
        """What was told until now."""
        with self._lock:
            return Kept(dict(self._refreshed), self._failed, tuple(self._announced), fresh=False)


def keep_fresh(
    teller: Teller, source: Source, path: Path, first_day: date, *, seconds: float
) -> Kept:
    """Let flights arrive for some seconds while a daemon with two workers keeps views fresh.

    In the middle a crowd of views appears that two workers cannot keep: it is announced, and those
    that matter more are kept.
    """
    clock = SystemClock()
    with connect(path) as db:
        told = Listener()
        teller.code(f"mlview daemon --workers {WORKERS}     # in Python: mlview.Daemon(db).run()")
        with _running(Daemon(db, workers=WORKERS, tick=0.25, listeners=[told])):
            _declare(teller, db, source, first_day)
            _arrive(teller, db, source, first_day, told, clock, seconds)
        kept = told.so_far()
        teller.aside("How well every target was kept, and what it took:")
        teller.run(db, SLO)
        teller.run(db, HISTORY)
        return Kept(kept.refreshed, kept.failed, kept.announced, not _behind(db))


def _declare(teller: Teller, db: Database, source: Source, first_day: date) -> None:
    teller.run(
        db,
        f"CREATE TABLE flights AS FROM {quoted_file(source, 'flights')}\n"
        f"  WHERE date < '{first_day}';",
    )
    for place, key in enumerate(LIGHT_KEYS):
        lag = 3 + place
        teller.run(db, _light(f"per_{key}", key, f"{lag} seconds"))
    teller.run(db, HEAVY)


def _light(name: str, key: str, lag: str) -> str:
    return (
        f"CREATE MATERIALIZED VIEW {name} TARGET_LAG '{lag}' PRIORITY 10 AS\n"
        f"SELECT {key}, count(*) AS flights, avg(arr_delay) AS delay\n"
        f"FROM flights GROUP BY {key};"
    )


def _arrive(
    teller: Teller,
    db: Database,
    source: Source,
    first_day: date,
    told: Listener,
    clock: SystemClock,
    seconds: float,
) -> None:
    """Commit a little of the first days every half second; in the middle, too much is asked."""
    began, arrived, announced, crowded = clock.monotonic(), 0, 0, False
    teller.console.print()
    teller.line(tuple(_COLUMNS), tuple(_COLUMNS.values()), "bold")
    pause, line_at = Event(), 0.0
    while (elapsed := clock.monotonic() - began) < seconds:
        db.sql(
            f"INSERT INTO flights FROM {quoted_file(source, 'flights')} "
            f"WHERE date >= '{first_day}' ORDER BY date, flight_id LIMIT 40 OFFSET {arrived}"
        )
        arrived += 40
        middle = seconds / 3 < elapsed < seconds * 2 / 3
        if middle != crowded:
            crowded = middle
            _crowd(teller, db, come=crowded)
        if elapsed >= line_at:
            line_at += max(seconds / 10, 1.0)
            announced = _line(teller, db, told, elapsed, arrived, announced)
        pause.wait(0.5)
    _line(teller, db, told, elapsed, arrived, announced)


def _crowd(teller: Teller, db: Database, *, come: bool) -> None:
    """Views that ask for more than there is, and that somebody drops again."""
    names = [f"crowd_{place}" for place in range(CROWD)]
    if come:
        teller.say(f"       {CROWD} more views, each to be at most {CROWD_LAG} behind:")
        db.sql(
            ";".join(
                f"CREATE MATERIALIZED VIEW {name} TARGET_LAG '{CROWD_LAG}' AS SELECT "
                f"flight % {3 + place} AS part, max(arr_delay) AS most FROM flights GROUP BY part "
                "WITH NO DATA"
                for place, name in enumerate(names)
            )
        )
    else:
        teller.say("       and they are dropped again.")
        db.sql(";".join(f"DROP MATERIALIZED VIEW {name}" for name in names))


def _line(
    teller: Teller, db: Database, told: Listener, elapsed: float, arrived: int, announced: int
) -> int:
    kept = told.so_far()
    running = db.services.home.catalog.running(db.services.home.clock.now())
    cells = (
        f"{elapsed:.0f}", f"{arrived:,}", f"{sum(kept.refreshed.values())}", f"{_behind(db)}",
        f"{len(running)}",
    )  # fmt: skip
    teller.line(cells, tuple(_COLUMNS.values()))
    for text in kept.announced[announced:][:2]:
        teller.say(f"       ! {text}")
    return len(kept.announced)


def _behind(db: Database) -> int:
    """How many views are beyond their target lag."""
    return sum(
        stale.target_lag_sec is not None and (stale.lag_sec or 0.0) > stale.target_lag_sec
        for stale in db.services.observer.look().staleness(db.services.home.clock.now()).values()
    )


@contextmanager
def _running(daemon: Daemon) -> Iterator[None]:
    """The daemon at work in a thread of its own, as it would be in a process."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            daemon.run()
        except BaseException as error:  # noqa: BLE001  raised below, where somebody sees it
            failed.append(error)

    thread = Thread(target=run, name="daemon")
    thread.start()
    try:
        yield
    finally:
        daemon.stop("the demo is over")
        thread.join()
    if failed:
        raise failed[0]
