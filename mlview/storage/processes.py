"""Which process holds a lease, and whether it still runs."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19  # fields of /proc/PID/stat, counted after the command's name
_ENDED = frozenset("ZXx")


def holder_here() -> str:
    """This process as `host:pid:startmark`; the mark tells it from a later one with its id.

    On Linux the mark is `namespace.start`: two containers may share a host name and not their
    process ids, and the start (in clock ticks since boot) sees through a reused id.
    """
    return holder_of(os.getpid())


def holder_of(pid: int) -> str:
    """Another process of this machine, as it names itself; it must not have been reaped yet."""
    return f"{socket.gethostname()}:{pid}:{_namespace()}.{_started(pid) or 0}"


def runs(holder: str) -> bool | None:
    """Whether the holder runs; None where that cannot be known from here.

    >>> runs(holder_here()), runs("another-host:1:0.0")
    (True, None)
    """
    host, pid, mark = _parts(holder)
    if host != socket.gethostname() or pid is None:
        return None
    namespace, dot, started = mark.partition(".")
    if dot and namespace != _namespace():
        return None
    if not _runs(pid):
        return False
    now_started = _started(pid)
    return not dot or now_started is None or started in {"0", str(now_started)}


def is_gone(holder: str) -> bool:
    """Whether the holder is known to run no more. Unknown is False: then its lease runs out.

    >>> is_gone(holder_here()), is_gone("another-host:1:0.0")
    (False, False)
    """
    return runs(holder) is False


def describe(holder: str) -> str:
    """The holder in words, as far as it can be taken apart."""
    host, pid, _ = _parts(holder)
    return holder if pid is None else f"process {pid} on {host}"


def _parts(holder: str) -> tuple[str, int | None, str]:
    host, *rest = holder.rsplit(":", 2)
    if len(rest) == 2 and rest[0].isdecimal():  # noqa: PLR2004  pid and mark
        return host, int(rest[0]), rest[1]
    return holder, None, ""


def _runs(pid: int) -> bool:
    fields = _stat(pid)
    if fields is not None:
        return fields[_STATE] not in _ENDED
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _started(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[_STARTED])


def _stat(pid: int) -> list[str] | None:
    with suppress(OSError):
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        return text.rpartition(")")[2].split()
    return None


def _namespace() -> str:
    with suppress(OSError):
        return str((_PROC / "self/ns/pid").stat().st_ino)
    return "0"
