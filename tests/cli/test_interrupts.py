"""Ctrl-C: the statement stops, the exit code is 130, the database is sound."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import mlview
from mlview.cli.stopping import stopping_on_interrupt
from mlview.engines import interrupt_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals work in another way there")
# Not even a background job of a shell that ignores Ctrl-C may ignore it here.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from mlview.cli import main; main()"
)
SLOW = "SELECT count(*) AS n FROM t a, t b, t c, t d, t e, t f, t g WHERE a.id + g.id = -1"


def start(database, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--db", str(database), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def waited_for(condition, process, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline


def states(db):
    return db.sql(
        "SELECT state FROM mlview.refresh_history WHERE name = 'slow' ORDER BY refresh_id"
    ).fetchall()


def test_a_refresh_that_is_interrupted_is_cancelled_and_publishes_nothing(database, command):
    with mlview.connect(database) as db:
        db.sql(f"CREATE MATERIALIZED VIEW slow AS {SLOW} WITH NO DATA")
        process = start(database, "refresh", "slow")
        waited_for(lambda: ("EXECUTING",) in states(db), process)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err.strip()) == (130, "", "interrupted")
        assert states(db) == [("CANCELLED",)]
        assert db.materialized_view("slow").live_version is None
        db.sql(f"CREATE OR REPLACE MATERIALIZED VIEW slow AS {SLOW} AND a.id = -1 AND b.id = -1")
        assert db.sql("FROM slow").fetchall() == [(0,)]
    assert command("doctor").code == 0


@pytest.mark.parametrize(
    "text", [SLOW, "SELECT i FROM range(100000000000) r(i) WHERE i % 7 = 9"], ids=["sum", "stream"]
)
def test_a_statement_is_stopped_and_the_connection_goes_on(database, text):
    sent = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
    with mlview.connect(database) as db:
        before = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            sent.start()
            with pytest.raises(KeyboardInterrupt), stopping_on_interrupt(interrupt_all):
                db.sql(text).fetchall()
        finally:
            signal.signal(signal.SIGINT, before)
        assert db.sql("SELECT 42").fetchall() == [(42,)]


@pytest.fixture
def pressing():
    """Press Ctrl-C so many seconds after the block has begun; never after the test."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pressed = []

    @contextlib.contextmanager
    def press(seconds):
        with stopping_on_interrupt(interrupt_all):
            pressed.append(threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT]))
            pressed[-1].start()
            yield

    yield press
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for timer in pressed:
        timer.cancel()
        timer.join()
    signal.signal(signal.SIGINT, before)


def test_wherever_in_a_refresh_it_comes_it_is_ctrl_c_and_the_next_refresh_may_begin(
    database, pressing
):
    with mlview.connect(database) as db:
        db.sql(f"CREATE MATERIALIZED VIEW slow AS {SLOW} WITH NO DATA")
        for hundredths in range(0, 20, 2):  # before its long query, a refresh works for about ten
            with pytest.raises(KeyboardInterrupt), pressing(hundredths / 100):
                db.refresh("slow")
        assert set(states(db)) == {("CANCELLED",)}
        db.sql(f"CREATE OR REPLACE MATERIALIZED VIEW slow AS {SLOW} AND a.id = -1 AND b.id = -1")
        assert db.sql("FROM slow").fetchall() == [(0,)]


def test_where_ctrl_c_is_ignored_it_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping_on_interrupt(interrupt_all):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_before_is_back_afterwards():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with stopping_on_interrupt(interrupt_all):
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
