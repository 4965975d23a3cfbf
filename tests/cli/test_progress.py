"""What is shown while something takes long."""

import io
import threading
from contextlib import redirect_stderr

import pytest

from mlview.cli.progress import Reporter


class Stderr(io.StringIO):
    """Tells when a text is written."""

    def __init__(self, *, terminal=True):
        super().__init__()
        self.terminal, self.seen = terminal, threading.Event()

    def isatty(self):
        return self.terminal

    def write(self, text):
        if "m: fitting [x] (step 1 of 2)" in text:
            self.seen.set()
        return super().write(text)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")


def told(stderr, *, seconds, **options):
    """Whether a phase was shown within these seconds."""
    with redirect_stderr(stderr), Reporter("refreshing", **options) as reporter:
        reporter("m", "fitting [x]", 0, 2)
        return stderr.seen.wait(seconds)


def test_a_phase_is_shown_once_the_delay_is_over():
    assert told(Stderr(), delay=0.0, seconds=30)


@pytest.mark.parametrize(
    ("stderr", "options"),
    [
        (Stderr(), {"delay": 60.0}),
        (Stderr(), {"delay": 0.0, "quiet": True}),
        (Stderr(terminal=False), {"delay": 0.0}),
    ],
    ids=["what is quick", "beside JSON", "no terminal"],
)
def test_nothing_is_shown_of(stderr, options):
    assert not told(stderr, seconds=0.2, **options)
    assert stderr.getvalue() == ""
