"""Which database a command is about."""

from __future__ import annotations

from pathlib import Path

from mlview.errors import UnknownName, UsageProblem

SUFFIX = ".mlv"


def find_database(given: str | None, directory: Path) -> Path:
    """The path that was given, else the only `*.mlv` of a directory.

    Raises:
        UnknownName: nothing was given, and there is none here.
        UsageProblem: nothing was given, and there are several here.
    """
    if given:
        return Path(given).expanduser()
    found = sorted(p for p in directory.glob(f"*{SUFFIX}") if p.is_dir())
    match found:
        case [one]:
            return one
        case []:
            raise UnknownName(
                f"expected a database, found no *{SUFFIX} in this directory",
                hint="mlview init NAME.mlv, or say where it is: --db PATH or $MLVIEW_DB",
            )
        case _:
            names = ", ".join(path.name for path in found)
            raise UsageProblem(
                f"expected one database, found {len(found)} in this directory: {names}",
                hint=f"choose one: --db {found[0].name}",
            )
