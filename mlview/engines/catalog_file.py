"""Copies or checks one SQLite file, run as a program of its own.

A second SQLite library in a process that has the file open already would undo the file locks of the
first one when it closes it. A process of its own cannot.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 30.0


def copy(source: str, target: str) -> None:
    """A consistent copy of a file others may be writing to."""
    with closing(_opened(source)) as live, closing(sqlite3.connect(target)) as new:
        live.backup(new)


def quick_check(source: str) -> str:
    """SQLite's own verdict: `ok`, or what is damaged."""
    with closing(_opened(source)) as live:
        return "\n".join(row[0] for row in live.execute("PRAGMA quick_check"))


def _opened(source: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{Path(source).as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)


def main(arguments: list[str]) -> int:
    """`copy SOURCE TARGET` or `check SOURCE`; 1 and a message on an error."""
    try:
        match arguments:
            case ["copy", source, target]:
                copy(source, target)
            case ["check", source]:
                sys.stdout.write(quick_check(source))
            case _:
                sys.stderr.write("expected: copy SOURCE TARGET, or check SOURCE")
                return 2
    except sqlite3.Error as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
