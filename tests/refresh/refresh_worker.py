"""Processes that refresh a database and meet a fault on the way; run by the tests of this folder.

One process imports everything once and reads lines of JSON, each a list of orders: path, statement,
fault. It forks a child for each of them, all at once. A child does what the statement says and dies
or fails where the fault says. The answer is a line of JSON as well: how the children ended and what
they told. The parent never opens a database, so that children inherit no threads.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.engines import applying, store
from mlview.errors import MlviewError, RefreshBusy
from mlview.session import connect
from mlview.storage import artifacts
from mlview.storage.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable


OPEN = b"!"


def die(*_: object, **__: object) -> None:
    """Be killed here and now."""
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt(*_: object, **__: object) -> None:
    """Somebody presses Ctrl-C."""
    raise KeyboardInterrupt


def refuse(number: int) -> Callable[..., None]:
    """The disk answers with an error."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def no_more_room(*_: object, **__: object) -> None:
    """From here on no file of this process may grow."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))


def before(owner: Any, name: str, act: Callable[..., None]) -> None:
    """Act whenever a function is about to be called."""
    original = getattr(owner, name)

    def acting(*args: Any, **kwargs: Any) -> Any:
        act(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, name, acting)


def after(owner: Any, name: str, act: Callable[..., None]) -> None:
    """Act whenever a function has been called."""
    original = getattr(owner, name)

    def acting(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        act(*args, **kwargs)
        return result

    setattr(owner, name, acting)


FAULTS: dict[str, Callable[[], None]] = {
    "none": lambda: None,
    "killed with the lease": lambda: after(Catalog, "acquire", die),
    "killed before training": lambda: before(learners, "solve", die),
    "killed in training": lambda: after(learners, "solve", die),
    "killed before the artifact's rename": lambda: before(artifacts.Path, "replace", die),
    "killed after the artifact's rename": lambda: after(artifacts.Path, "replace", die),
    "killed between a view and its sums": lambda: after(applying.Applying, "apply", die),
    "killed before the store's commit": lambda: before(store, "stamp", die),
    "killed before the version is added": lambda: before(Catalog, "add_version", die),
    "killed before the commit": lambda: before(Catalog, "publish", die),
    "killed after the commit": lambda: after(Catalog, "publish", die),
    "interrupted in training": lambda: after(learners, "solve", interrupt),
    "interrupted before the commit": lambda: before(Catalog, "publish", interrupt),
    "interrupted after the commit": lambda: after(Catalog, "publish", interrupt),
    "fsync fails": lambda: before(os, "fsync", refuse(errno.EIO)),
    "no space at the artifact": lambda: before(os, "fsync", refuse(errno.ENOSPC)),
    "no growth at the artifact": lambda: after(learners, "solve", no_more_room),
    "no growth at the commit": lambda: before(Catalog, "publish", no_more_room),
    "no growth in the store": lambda: before(store, "stamp", no_more_room),
}


def run(order: dict[str, Any], telling: int) -> str:
    """Do what a statement says, as often as asked, or until an error; what to tell of it."""
    FAULTS[order.get("fault", "none")]()
    try:
        db = connect(Path(order["path"]), create=False)
        os.write(telling, OPEN)
        for _ in range(order.get("times", 1)):
            with suppress(RefreshBusy) if "times" in order else nullcontext():
                db.sql(order["statement"])
    except MlviewError as error:
        return error.error_code
    except KeyboardInterrupt:
        return "interrupted"
    return "done"


def child(order: dict[str, Any], telling: int) -> None:
    """The life of a child."""
    try:
        os.write(telling, run(order, telling).encode())
    except BaseException as error:  # noqa: BLE001 - nothing of the parent's may run in a child
        os.write(telling, repr(error).encode())
    finally:
        os._exit(0)


def begin(order: dict[str, Any]) -> tuple[int, int]:
    """Fork a child for an order: its id, and where it tells."""
    listening, telling = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(listening)
        child(order, telling)
    os.close(telling)
    return pid, listening


def end(order: dict[str, Any], pid: int, listening: int) -> dict[str, Any]:
    """Wait for a child; `kill_after` counts from when its database is open."""
    with os.fdopen(listening, "rb", buffering=0) as told:
        said = told.read(1)
        if order.get("kill_after") is not None:
            time.sleep(order["kill_after"])
            os.kill(pid, signal.SIGKILL)
        said += told.readall()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"said": said.removeprefix(OPEN).decode(), "killed": killed}


if __name__ == "__main__":
    for line in sys.stdin:
        orders = json.loads(line)
        children = [begin(order) for order in orders]
        ends = [end(order, *one) for order, one in zip(orders, children, strict=True)]
        sys.stdout.write(json.dumps(ends) + "\n")
        sys.stdout.flush()
