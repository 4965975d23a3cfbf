"""Beginning workers as fresh interpreters, where the system does not fork safely."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from mlview.daemon.executors.orders import Begun, Cause, Ended, Said
from mlview.storage.processes import holder_of

if TYPE_CHECKING:
    from mlview.daemon.executors.orders import News, Order

_PROGRAM = """
import sys
sys.path[:] = {path!r}
from mlview.daemon.executors.cold import main
main()
"""


class ColdStarts:
    """A new interpreter for each order: it imports everything first, which takes seconds.

    Seconds are limited; memory is not, except by what the worker sets for itself.
    """

    def __init__(self) -> None:
        self._workers: dict[int, subprocess.Popen[bytes]] = {}
        self._news: queue.SimpleQueue[Begun | Ended] = queue.SimpleQueue()

    def launch(self, order: Order) -> None:
        """Begin an interpreter, and a thread that waits for it."""
        number = order.work.number
        try:
            worker = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", _PROGRAM.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            detail = error.strerror or str(error)
            self._news.put(Ended(number, None, cause=Cause.NOT_BEGUN, detail=detail))
            return
        self._workers[number] = worker
        self._news.put(Begun(number, worker.pid, holder_of(worker.pid)))
        Thread(target=self._attend, args=(order, worker), daemon=True).start()

    def end(self, number: int, *, gently: bool) -> None:
        """Signal a worker."""
        worker = self._workers.get(number)
        if worker is not None:
            worker.terminate() if gently else worker.kill()

    def hear(self, timeout: float) -> tuple[News, ...]:
        """What the threads tell."""
        heard: list[Begun | Ended] = []
        with suppress(queue.Empty):
            heard.append(self._news.get(timeout=timeout))
            while True:
                heard.append(self._news.get_nowait())
        for one in heard:
            if isinstance(one, Ended):
                self._workers.pop(one.number, None)
        return tuple(heard)

    def close(self) -> None:
        """Kill what still runs."""
        for worker in self._workers.values():
            worker.kill()
            worker.wait()
        self._workers.clear()

    def _attend(self, order: Order, worker: subprocess.Popen[bytes]) -> None:
        cause = None
        try:
            said, _ = worker.communicate(pickle.dumps(order), timeout=order.limits.seconds)
        except subprocess.TimeoutExpired:
            cause = Cause.TIME
            worker.kill()
            said, _ = worker.communicate()
        except OSError:  # it ended before it had read its order
            worker.kill()
            worker.wait()
            said = b""
        ended = Ended(order.work.number, worker.returncode, Said.decoded(said), cause)
        self._news.put(ended)


def main() -> None:
    """The life of a worker: its order is at stdin, its last words go to stdout."""
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    words = os.dup(1)
    os.dup2(2, 1)  # what learners print is no answer
    from mlview.daemon.executors.worker import work_on  # noqa: PLC0415 - after stdout is safe

    os.write(words, work_on(order).encoded())
    sys.stderr.flush()
    os._exit(0)
