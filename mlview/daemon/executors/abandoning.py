"""Ending the work of this process on SIGTERM, so that its refresh is recorded as cancelled."""

from __future__ import annotations

import signal
import threading
from typing import NoReturn

from mlview.daemon.executors.causes import STOPPED
from mlview.engines import interrupt_all

_PATIENCE = 0.2


class Abandoned(KeyboardInterrupt):
    """Somebody stops this process; a refresh that it breaks off is recorded with these words."""

    error_code = STOPPED
    message = "it was broken off, because the daemon stopped"


def abandon_on_sigterm() -> None:
    """From now on SIGTERM raises Abandoned in the main thread, once; Ctrl-C does nothing.

    To be called in the main thread, before others are started: none of them takes the signal.
    Python's handlers do not run while this thread is inside a statement of DuckDB. So a thread of
    its own waits for SIGTERM, stops the statement, and wakes this one, until it has noticed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not hasattr(signal, "pthread_sigmask"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return
    noticed = threading.Event()

    def give_up(*_: object) -> None:
        if not noticed.is_set():
            noticed.set()
            raise Abandoned

    signal.signal(signal.SIGUSR1, give_up)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main = threading.get_ident()
    threading.Thread(target=_watch, args=(main, noticed), name="abandoning", daemon=True).start()


def _watch(main: int, noticed: threading.Event) -> NoReturn:
    while True:
        signal.sigwait({signal.SIGTERM})
        while not noticed.is_set():
            signal.pthread_kill(main, signal.SIGUSR1)
            interrupt_all()
            noticed.wait(_PATIENCE)
