from __future__ import annotations

import csv
import re
import shutil
from datetime import date, timedelta

import pytest
from sklearn.metrics import roc_auc_score

import mlview
from mlview.demo import run
from mlview.demo.replay import midnight_after
from mlview.demo.statements import EXACT, MODELS, NEXT, RECENT_DELAYS
from mlview.errors import UsageProblem

TARGET_HOURS = {"recent_delays": 24, "late_linear": 168, "late_boosted": 168, EXACT: 24}


@pytest.fixture
def db(heard):
    clock = mlview.ManualClock(midnight_after(heard.told.days[-1].date) + timedelta(hours=4))
    with mlview.connect(heard.told.place.database, create=False, clock=clock) as opened:
        yield opened


def test_it_tells_fourteen_chapters_in_order(heard):
    found = re.findall(r"^(\d+)\. [A-Za-z0-9]", heard.text, flags=re.MULTILINE)
    assert found == [str(number) for number in range(1, 15)]


def test_the_maintained_model_is_refreshed_every_night_from_what_changed(heard, db):
    actions = db.sql(
        f"SELECT action, bool_and(exact) FROM mlview.refresh_history WHERE name = '{EXACT}' "
        "AND trigger = 'MANUAL' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert actions == [("FULL", True), ("INCREMENTAL", True)]
    assert all(EXACT in day.refreshed for day in heard.told.days)


def test_a_correction_of_the_weather_reaches_every_flight_it_was_joined_to(db):
    inserted, deleted = db.sql(
        f"SELECT rows_inserted, rows_deleted FROM mlview.refresh_history WHERE name = '{EXACT}' "
        "AND list_contains(inputs_with_changed_data, 'weather') ORDER BY refresh_id DESC LIMIT 1"
    ).fetchall()[0]
    assert inserted == deleted > 1000


def test_what_was_deleted_on_request_left_no_trace(heard):
    assert heard.told.forgotten


def test_it_fits_a_terminal_of_80_columns(heard):
    wide = [line for line in heard.text.splitlines() if len(line.rstrip()) > 80]
    assert [line for line in wide if str(heard.told.place.directory) not in line] == []


def test_it_has_no_colours_where_there_is_no_terminal(heard):
    assert "\x1b" not in heard.text


def test_what_it_prints_of_the_sql_is_what_it_ran(heard, db):
    definition = db.materialized_view("recent_delays").create_text
    query = RECENT_DELAYS.split("\nAS\n", 1)[1].rstrip(";")
    assert query in definition
    assert RECENT_DELAYS in heard.text


def test_every_day_is_played_once(heard):
    days = heard.told.days
    assert [day.date for day in days] == [
        heard.first_day + timedelta(n) for n in range(heard.count)
    ]
    assert sum(day.flights for day in days) > 6000


def test_views_are_refreshed_exactly_when_they_would_miss_their_target(heard):
    for day in heard.told.days:
        due = {name for name, view in day.views.items()
               if view.lag_hours + 24 > TARGET_HOURS[name]}  # fmt: skip
        assert set(day.refreshed) == due
    assert [day.retrained for day in heard.told.days] == [False] * 6 + [True, False]


def test_no_view_ever_misses_its_target(heard):
    for day in heard.told.days:
        assert all(view.lag_hours <= TARGET_HOURS[name] for name, view in day.views.items())


def test_until_the_first_refresh_both_copies_are_the_same_version(heard):
    *before, after = heard.told.days
    for day in before:
        assert all(score.live == score.never for score in day.scores.values())
    assert all(score.live != score.never for score in after.scores.values())


@pytest.mark.parametrize("model", MODELS)
def test_the_auc_is_that_of_a_version_which_had_not_seen_the_day(heard, db, model):
    last = heard.told.days[-1]
    live = db.model(model).live_version
    assert live.number == 2
    assert live.data_timestamp < midnight_after(last.date)
    for version, expected in ((2, last.scores[model].live), (1, last.scores[model].never)):
        rows = db.sql(
            f"SELECT late, predicted_late_prob FROM ML.PREDICT(MODEL {model}, flights => today, "
            f"version => {version}) WHERE late IS NOT NULL"
        ).fetchall()
        assert roc_auc_score(*zip(*rows, strict=True)) == pytest.approx(expected, abs=1e-12)


def test_features_of_a_day_are_made_of_earlier_days_only(db):
    rows = db.sql(
        "SELECT r.delay_7d, (SELECT avg(arr_delay) FROM flights f WHERE f.origin = r.origin "
        "AND f.carrier = r.carrier AND f.date < r.day AND f.date >= r.day - 7) FROM recent_delays r"
    ).fetchall()
    assert len(rows) > 1000
    assert [ours for ours, _ in rows] == pytest.approx([theirs for _, theirs in rows], nan_ok=True)


def test_models_are_not_given_what_only_the_flight_itself_tells(db):
    for model in MODELS:
        features = {name for name, *_ in db.model(model).live_version.details["features"]}
        assert features.isdisjoint({"arr_delay", "dep_delay", "date", "flight_id", "late"})


def test_every_live_version_is_what_its_record_says(heard):
    assert heard.told.verification == dict.fromkeys(TARGET_HOURS, True)


def test_the_numbers_of_the_picture_are_written_beside_it(heard):
    place = heard.told.place
    assert place.plot.read_bytes().startswith(b"\x89PNG")
    with place.days.open(newline="") as file:
        lines = list(csv.DictReader(file))
    scores = [(day.scores[m].live, day.scores[m].never) for day in heard.told.days for m in MODELS]
    written = [(float(line[f"{m}_auc_live"]), float(line[f"{m}_auc_never"]))
               for line in lines for m in MODELS]  # fmt: skip
    assert written == scores


def test_told_again_it_gives_the_same_numbers(heard, tell):
    again = tell()
    assert again.told.days == heard.told.days
    assert _without_times(again) == _without_times(heard)


@pytest.mark.parametrize(
    ("first_day", "days"), [(date(2013, 12, 30), 3), (date(2013, 1, 1), 5), (date(2013, 2, 1), 0)]
)
def test_days_that_are_not_in_the_data_are_refused(tmp_path, first_day, days):
    with pytest.raises(UsageProblem, match="the demo's days lie between"):
        run(tmp_path, first_day=first_day, days=days)


def test_what_to_type_next_can_be_typed(heard, tmp_path):
    place = heard.told.place
    assert place.next_statements.read_text() == NEXT
    shutil.copytree(place.database, tmp_path / "copy.mlv")
    clock = mlview.ManualClock(midnight_after(heard.told.days[-1].date) + timedelta(hours=4))
    with mlview.connect(tmp_path / "copy.mlv", create=False, clock=clock) as db:
        db.sql(NEXT)
        assert db.model("late_boosted").live_version.number == 2


def _without_times(heard):
    """The virtual story without its directory, seconds, and last digits of sums."""
    text = heard.text.replace(str(heard.told.place.directory), "OUT")
    text, _, _ = text.partition("The daemon: say how stale")
    varying = ("took ", "seconds", "largest", "start_at", "due_at")
    return [line for line in text.splitlines() if not any(word in line for word in varying)]
