"""The SQL of the demo: what it runs is what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from mlview.demo.data import Source

RECENT_DELAYS = """\
CREATE MATERIALIZED VIEW recent_delays TARGET_LAG '1 day'
  REFRESH_MODE FULL  -- a new day is in the week of every route
AS
SELECT origin, carrier, date + 1 AS day,  -- the next day may know all of this
       sum(sum(arr_delay)) OVER week / sum(count(arr_delay)) OVER week
           AS delay_7d,
       sum(count(*) FILTER (arr_delay > 15)) OVER week
           / sum(count(arr_delay)) OVER week AS late_7d
FROM flights GROUP BY origin, carrier, date
WINDOW week AS (PARTITION BY origin, carrier ORDER BY date
                RANGE BETWEEN INTERVAL 6 DAYS PRECEDING AND CURRENT ROW);"""

_QUERY = """\
SELECT f.flight_id, f.date, f.time_hour, f.carrier, f.origin, f.dest,
       f.distance, f.sched_dep_time // 100 AS hour, isodow(f.date) AS weekday,
       p.seats, w.temp, w.humid, w.wind_speed, w.precip, w.pressure, w.visib,
       r.delay_7d, r.late_7d, {label}
FROM {flights} f
LEFT JOIN weather w USING (origin, time_hour)
LEFT JOIN planes p USING (tailnum)
LEFT JOIN recent_delays r
       ON r.origin = f.origin AND r.carrier = f.carrier AND r.day = f.date;"""

MODELS = {
    "late_linear": "LogisticRegression",
    "late_boosted": "HistGradientBoostingClassifier (max_iter => 40)",
}
LEADING = "late_boosted"
EXACT = "expected_delay"
FEATURES = "recent_delays"


def load(source: Source, before: date) -> str:
    """All flights and weather before a day, and every plane, in one transaction."""
    return f"""\
BEGIN;
CREATE TABLE flights AS FROM {quoted_file(source, "flights")}
  WHERE date < '{before}';
CREATE TABLE weather AS FROM {quoted_file(source, "weather")}
  WHERE date < '{before}';
CREATE TABLE planes AS FROM {quoted_file(source, "planes")};
COMMIT;"""


COUNTS = """\
SELECT (SELECT count(*) FROM flights) AS flights,
       (SELECT count(*) FROM weather) AS weather,
       (SELECT count(*) FROM planes) AS planes;"""


def create_model(name: str) -> str:
    """One of the two models; they differ in their method only."""
    return f"{_head(name)}\nAS\n{_query('f.arr_delay > 15 AS late')}"


def create_exact(name: str = EXACT, flights: str = "flights", mode: str = "INCREMENTAL") -> str:
    """The model that is kept exact from what changed, or its like over another table."""
    return f"""\
CREATE MODEL {name} PREDICT arr_delay USING Ridge
  KEY (flight_id) TIME time_hour IGNORE (date)
  HOLDOUT LAST '14 days' TARGET_LAG '1 day' REFRESH_MODE {mode}
AS
{_query("f.arr_delay", flights)}"""


EXACT_SHOWN = f"""\
CREATE MODEL {EXACT} PREDICT arr_delay USING Ridge
  KEY (flight_id) TIME time_hour IGNORE (date)
  HOLDOUT LAST '14 days' TARGET_LAG '1 day' REFRESH_MODE INCREMENTAL
AS SELECT ...;   -- the same query, its last column f.arr_delay"""

HISTORY = f"""\
SELECT action, count(*) AS refreshes,
       median(rows_inserted + rows_deleted)::INT AS median_rows
FROM mlview.refresh_history WHERE name = '{EXACT}'
GROUP BY ALL ORDER BY ALL;"""

SECONDS = f"""\
SELECT action, median(actual_seconds)
FROM mlview.refresh_history WHERE name = '{EXACT}' AND version > 1 GROUP BY ALL;"""

IN_FULL = f"REFRESH MODEL {EXACT} FULL;"

CORRECTION = """\
-- the thermometer at JFK was two degrees off in January
UPDATE weather SET temp = temp - 2
WHERE origin = 'JFK' AND date < '2013-02-01';"""

EXPLAIN_EXACT = f"EXPLAIN REFRESH MODEL {EXACT};"

REFRESH_EXACT = f"REFRESH MODEL {EXACT};"


def forget(tailnum: str) -> str:
    """A request to delete everything about one aeroplane."""
    return f"DELETE FROM flights WHERE tailnum = '{tailnum}';"


def control(source: Source, last: date, tailnum: str) -> str:
    """The flights of all days so far, as if that aeroplane had never flown."""
    return f"""\
CREATE TABLE other_flights AS FROM {quoted_file(source, "flights")}
  WHERE date <= '{last}'
  AND tailnum IS DISTINCT FROM '{tailnum}';"""


MOST_FLOWN = """\
-- of those that did not fly lately
SELECT tailnum FROM flights WHERE tailnum IS NOT NULL GROUP BY tailnum
HAVING max(date) < (SELECT max(date) FROM flights) - 8
ORDER BY count(*) DESC, tailnum LIMIT 1;"""

APART = f"""\
SELECT count(*) AS flights,
       max(abs(a.predicted_arr_delay - b.predicted_arr_delay)) < 1e-8 AS same
FROM ML.PREDICT(MODEL {EXACT}, flights => today) a
JOIN ML.PREDICT(MODEL never_saw, other_flights => today) b USING (flight_id);"""


def _query(label: str, flights: str = "flights") -> str:
    return _QUERY.format(label=label, flights=flights)


def shortened_model(name: str) -> str:
    """The same statement without its query, for readers who have just seen it."""
    return f"{_head(name)}\nAS SELECT ...;   -- the very same query"


def timetable(source: Source, day: date) -> str:
    """What is known of a day before it happens."""
    return f"""\
CREATE TABLE tomorrow AS SELECT * REPLACE (NULL AS dep_delay, NULL AS arr_delay)
FROM {quoted_file(source, "flights")}
WHERE date = '{day}';
CREATE TABLE forecast AS FROM {quoted_file(source, "weather")}
WHERE date = '{day}';"""


PREDICT = """\
SELECT flight_id, dest, hour, predicted_late_prob::DECIMAL(4, 3) AS chance_late
FROM ML.PREDICT(MODEL late_boosted, flights => tomorrow, weather => forecast)
ORDER BY predicted_late_prob DESC, flight_id LIMIT 5;"""

QUESTIONS = """\
SELECT late IS NULL AS never_arrived, count(*) AS flights,
       avg(predicted_late_prob) AS mean_chance_late
FROM late_boosted GROUP BY ALL ORDER BY ALL;"""

TODAY = """\
CREATE VIEW today AS
FROM flights WHERE date = (SELECT max(date) FROM flights);"""


COUNT_TODAY = """\
SELECT count(*) AS flights, count(*) FILTER (arr_delay > 15) AS late FROM today;"""


def arrive(source: Source, day: date) -> str:
    """One day's flights and weather, once they have happened."""
    return f"""\
BEGIN;
INSERT INTO flights FROM {quoted_file(source, "flights")}
  WHERE date = '{day}';
INSERT INTO weather FROM {quoted_file(source, "weather")}
  WHERE date = '{day}';
COMMIT;"""


STALENESS = """\
-- three hours later
SELECT name, state, lag_sec / 3600 AS lag_hours,
       target_lag_sec / 3600 AS target_hours, changed_rows
FROM mlview.staleness;"""

DUE = """\
-- what would be past its target lag before the next night?
SELECT name FROM mlview.staleness WHERE lag_sec + 24 * 3600 > target_lag_sec;"""


def compare(name: str) -> str:
    """Today's flights scored with the live version and with the first one."""
    return f"""\
SELECT live.value AS live, first.value AS never_retrained
FROM ML.EVALUATE(MODEL {name}, flights => today) live
JOIN ML.EVALUATE(MODEL {name}, flights => today, version => 1) first
  USING (metric) WHERE metric = 'roc_auc';"""


def refresh(names: tuple[str, ...], everything: int) -> str:
    """Refresh what is due: one view by name, or all."""
    if len(names) == everything:
        return "REFRESH ALL;"
    return "\n".join(f"REFRESH {_kind(name)} {name};" for name in names)


NEXT = """\
-- flights that never arrived, answered by the live version
SELECT flight_id, predicted_late_prob FROM late_boosted
WHERE late IS NULL ORDER BY ALL LIMIT 5;

-- which version serves, and how each one scored on days it had not seen
SELECT version, status, rows_trained, metrics['roc_auc'] AS roc_auc
FROM mlview.versions WHERE name = 'late_boosted';

-- what matters
FROM ML.FEATURE_IMPORTANCE(MODEL late_linear) LIMIT 8;

-- change some history and see who is stale, and what a refresh would do
DELETE FROM flights WHERE date < '2013-01-08';
SELECT name, state, stale_reason FROM mlview.staleness;
EXPLAIN REFRESH MODEL late_boosted;
REFRESH MODEL late_boosted;

-- think better of it
ALTER MODEL late_boosted ROLLBACK;
"""


def _head(name: str) -> str:
    return f"""\
CREATE MODEL {name} PREDICT late
  USING {MODELS[name]}
  KEY (flight_id) TIME time_hour IGNORE (date)
  HOLDOUT LAST '14 days' TARGET_LAG '7 days'"""


def _kind(name: str) -> str:
    return "MODEL" if name in (*MODELS, EXACT) else "MATERIALIZED VIEW"


def quoted_file(source: Source, table: str) -> str:
    """The file of a table as a SQL literal."""
    return "'" + str(source.file(table)).replace("'", "''") + "'"
