"""What is said to worker processes, and what is heard of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.daemon.executors.limits import Limits
    from mlview.daemon.executors.protocol import Work

LONGEST = 8_000
"""Characters of a message; it has to fit into a pipe that nobody reads yet."""


@dataclass(frozen=True, slots=True)
class Order:
    """One piece of work for one new process.

    Attributes:
        work: what to do.
        path: the database's directory, absolute.
        limits: what it may take.
        methods: names registered from Python, and the `module:attribute` each stands for.
        python_path: where modules are looked for.
        lock_timeout: seconds to wait for another writer.
    """

    work: Work
    path: str
    limits: Limits
    methods: Mapping[str, str]
    python_path: tuple[str, ...]
    lock_timeout: float


@dataclass(frozen=True, slots=True)
class End:
    """An order to end a worker: so that it can still say so, or at once."""

    number: int
    gently: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """A worker runs; `holder` is how its leases name it."""

    number: int
    pid: int
    holder: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The process that starts workers was gone, and all of them with it; there is another one.

    Attributes:
        pid: of the one that is gone.
        status: its exit code, or a signal's number below zero; None where it is not known.
        workers: how many ended with it.
    """

    pid: int
    status: int | None
    workers: int


class Cause(StrEnum):
    """Why a worker was ended, or could not be begun."""

    MEMORY = "MEMORY"
    MACHINE_MEMORY = "MACHINE_MEMORY"
    TIME = "TIME"
    NOT_BEGUN = "NOT_BEGUN"
    ORPHANED = "ORPHANED"


@dataclass(frozen=True, slots=True)
class Said:
    """A worker's last words: nothing but that it is done, or an error's code and message."""

    error_code: str | None = None
    error: str | None = None

    def encoded(self) -> bytes:
        """As bytes, short enough for a pipe."""
        message = None if self.error is None else self.error[:LONGEST]
        return json.dumps([self.error_code, message]).encode()

    @classmethod
    def decoded(cls, data: bytes) -> Said | None:
        """The words again; None if it died before it had spoken.

        >>> Said.decoded(Said("BUSY", "later").encoded())
        Said(error_code='BUSY', error='later')
        >>> Said.decoded(b'["BUSY"')
        """
        try:
            code, message = json.loads(data)
        except ValueError:
            return None
        return cls(code, message)


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker is gone.

    Attributes:
        number: of its work.
        status: its exit code, or a signal's number below zero; None where it is not known.
        said: its last words, if it came to them.
        cause: why it was ended, where that was not its own doing.
        detail: the amount that broke a limit (bytes or seconds), or the system's words.
    """

    number: int
    status: int | None
    said: Said | None = None
    cause: Cause | None = None
    detail: str | None = None


News = Begun | Ended | Replaced
"""What a launcher tells."""
