"""`mlview daemon`, and how `mlview status` shows it."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

import mlview
from mlview.clock import ManualClock

METRICS = {
    "mlview_lag_seconds": {"view"},
    "mlview_target_lag_seconds": {"view"},
    "mlview_changed_rows": {"view"},
    "mlview_time_within_target_lag_ratio": {"view"},
    "mlview_error_budget_left": {"view"},
    "mlview_refreshes": {"view", "action", "outcome"},
    "mlview_refresh_seconds": {"view", "action", "le"},
    "mlview_refresh_predicted_seconds": {"view", "action", "le"},
    "mlview_queue": {"state"},
    "mlview_heartbeat_timestamp_seconds": set(),
    "mlview_troubles": set(),
}


@pytest.fixture
def due(database):
    """A database in which `per_a` is an hour beyond its target lag."""
    clock = ManualClock(datetime.now(UTC) - timedelta(hours=2))
    with mlview.connect(database, clock=clock) as db:
        db.sql("INSERT INTO t VALUES (1000, 1, true)")
    return database


def lines(said):
    """The log; every line of it is a JSON object."""
    return [json.loads(line) for line in said.err.splitlines()]


@pytest.mark.parametrize("workers", [0, 1])
def test_once_refreshes_what_is_due_and_ends(command, due, workers):
    said = command("daemon", "--once", "--workers", workers)
    assert (said.code, said.out) == (0, "")
    told = lines(said)
    assert told[0]["event"] == "began"
    assert told[-1] | {"at": ""} == {
        "at": "",
        "level": "info",
        "event": "stopped",
        "text": "stopped: all that was due is done",
        "reason": "all that was due is done",
        "abandoned": [],
    }
    (line,) = [line for line in told if line["event"] == "refreshed"]
    assert (line["view"], line["state"], line["version"]) == ("per_a", "SUCCEEDED", 2)
    states = {row["name"]: row["state"] for row in command("status", "--json").rows}
    assert states == {"per_a": "FRESH", "total": "STALE"}
    assert "no daemon runs; the last one ended" in command("status").out
    assert command("status", "--check").code == 0


def test_once_with_nothing_due_refreshes_nothing(command, database):
    said = command("daemon", "--once", "--workers", 0, "--no-upkeep")
    assert [line["event"] for line in lines(said)] == ["began", "stopped"]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--metrics", "x"], "--metrics 127.0.0.1:9464"),
        (["--metrics", "127.0.0.1:99999"], "--metrics 127.0.0.1:9464"),
        (["--metrics", "no-such-host.invalid:1"], "--metrics 127.0.0.1:9464"),
        (["--workers", "-1"], "mlview daemon --help"),
        (["--tick", "0"], "mlview daemon --help"),
        (["--policy", "sly"], "mlview daemon --help"),
        (["--memory-limit", "soon"], "--memory-limit 4GB"),
        (["--memory-limit", "-1GB"], "--memory-limit 4GB"),
        (["--time-limit", "5 mintues"], "did you mean '5 minutes'?"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_a_hint(command, database, options, hint):
    said = command("daemon", "--once", "--json", *options)
    assert said.code == 3
    assert said.error["hint"] == hint


def test_without_a_database_there_is_nothing_to_keep(command, folder):
    said = command("--db", "new.mlv", "daemon", "--once")
    assert said.code == 3
    assert "mlview init new.mlv" in said.err


class Process:
    """`mlview daemon` as a process of its own."""

    def __init__(self, database, *options):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlview", "--db", str(database), "daemon", *options],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def hear(self, event):
        """Its next line that tells this."""
        for text in self._process.stderr:
            if text.startswith("{") and (line := json.loads(text))["event"] == event:
                return line
        pytest.fail(f"it ended with {self._process.wait(60)} and never told '{event}'")

    def line(self):
        return self._process.stderr.readline()

    @property
    def pid(self):
        return self._process.pid

    def end(self, number):
        """Signal it; its exit code once everybody that it began has ended."""
        self._process.send_signal(number)
        for _ in self._process.stderr:
            pass
        return self._process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.end(signal.SIGKILL)
        self._process.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals work in another way there")
def test_status_shows_a_daemon_its_metrics_answer_and_its_death_is_an_alarm(command, due):
    with Process(due, "--workers", "1", "--metrics", "127.0.0.1:0") as daemon:
        address = daemon.line().removeprefix("metrics: ").strip()
        assert daemon.hear("refreshed")["view"] == "per_a"
        assert f"daemon: process {daemon.pid} on" in command("status").out
        assert command("status", "--check").code == 0
        with urlopen(address, timeout=60) as answer:
            families = [*text_string_to_metric_families(answer.read().decode())]
        labels = {
            family.name: {label for sample in family.samples for label in sample.labels}
            for family in families
            if not family.name.endswith("_created")  # that of a counter, in this format
        }
        assert labels == METRICS
        samples = {
            (sample.name, sample.labels.get("view")): sample.value
            for family in families
            for sample in family.samples
        }
        assert samples["mlview_refreshes_total", "per_a"] == 1
        assert samples["mlview_target_lag_seconds", "per_a"] == 3600
        assert samples["mlview_lag_seconds", "per_a"] == 0
        assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
    said = command("status", "--check")
    assert said.code == 1
    assert f"! no daemon runs: process {daemon.pid} on" in said.out


@pytest.mark.skipif(sys.platform == "win32", reason="signals work in another way there")
def test_a_daemon_that_is_told_to_stop_ends_in_order(command, database):
    with Process(database, "--no-upkeep") as daemon:
        daemon.hear("began")
        assert daemon.end(signal.SIGTERM) == 0
    assert "SIGTERM was sent" in command("status").out
    assert command("status", "--check").code == 0
