"""Ctrl-C while a statement runs: stop the statement, then raise KeyboardInterrupt."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_PATIENCE = 0.1


@contextmanager
def stopping_on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` from another thread when Ctrl-C does not get through to this one.

    Python raises KeyboardInterrupt only between two of its own instructions. While this thread is
    inside a statement, `stop` (callable from any thread) makes it come back, again and again until
    it has. Where Ctrl-C is ignored, or outside the main thread, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or before in (signal.SIG_IGN, None):
        yield
        return
    noticed = threading.Event()

    def notice(number: int, frame: FrameType | None) -> None:
        noticed.set()
        signal.default_int_handler(number, frame)

    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(ours, noticed, stop), daemon=True)
    watcher.start()
    fd_before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, notice)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(fd_before)
        noticed.set()
        theirs.close()
        watcher.join()
        ours.close()


def _watch(signals: socket.socket, noticed: threading.Event, stop: Callable[[], None]) -> None:
    """Wait for the byte that the interpreter writes at once when a signal comes."""
    while numbers := signals.recv(64):
        while signal.SIGINT in numbers and not noticed.wait(_PATIENCE):
            stop()
