"""What DuckDB may take in this process, and letting it rest before a fork."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Allotment:
    """Threads and bytes of memory for each DuckDB of a process; None leaves it to DuckDB."""

    threads: int | None = None
    memory_bytes: int | None = None

    def config(self) -> dict[str, str]:
        """As DuckDB's settings.

        >>> Allotment(2, 2**30).config()
        {'threads': '2', 'memory_limit': '1073741824B'}
        """
        threads = {} if self.threads is None else {"threads": str(self.threads)}
        memory = {} if self.memory_bytes is None else {"memory_limit": f"{self.memory_bytes}B"}
        return threads | memory


_allotted = Allotment()


def allot(allotment: Allotment) -> None:
    """Give every DuckDB that this process opens from now on so much, and no more."""
    global _allotted  # noqa: PLW0603 - it is a limit of the process
    _allotted = allotment


def allotted() -> Allotment:
    """What a DuckDB of this process may take."""
    return _allotted


def rest() -> None:
    """End the threads that importing DuckDB started, so that the process can be forked."""
    duckdb.default_connection().close()
