"""The directory that a demo leaves behind, fresh each time."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlview.errors import UsageProblem

_MARK = "next.sql"
_OURS = frozenset({_MARK, "flights.mlv", "live.mlv", "data", "days.csv", "auc_and_lag.png"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is that the demo writes."""

    directory: Path

    @property
    def database(self) -> Path:
        """The mlview database."""
        return self.directory / "flights.mlv"

    @property
    def live(self) -> Path:
        """The database that the daemon keeps fresh."""
        return self.directory / "live.mlv"

    @property
    def data(self) -> Path:
        """The Parquet files it was loaded from."""
        return self.directory / "data"

    @property
    def plot(self) -> Path:
        """The picture."""
        return self.directory / "auc_and_lag.png"

    @property
    def days(self) -> Path:
        """The numbers of the picture, a line per day."""
        return self.directory / "days.csv"

    @property
    def next_statements(self) -> Path:
        """What to type next, as a script."""
        return self.directory / _MARK


def fresh(out: Path | None) -> Place:
    """An empty directory: a temporary one that stays, or `out`, cleared of an earlier demo.

    Raises:
        UsageProblem: `out` is a file, or holds anything that no demo wrote.
    """
    if out is None:
        return Place(Path(tempfile.mkdtemp(prefix="mlview-demo-")))
    out = out.expanduser()
    if out.exists() and not out.is_dir():
        raise UsageProblem(f"{out} is a file, not a directory", hint="mlview demo --out demo-out")
    found = {entry.name for entry in out.iterdir()} if out.exists() else set()
    if found and (_MARK not in found or not found <= _OURS):
        foreign = sorted(found - _OURS) or sorted(found)
        raise UsageProblem(
            f"{out} is not empty, and not from an earlier demo: it has {', '.join(foreign[:3])}",
            hint="mlview demo --out ANOTHER_DIRECTORY",
        )
    for name in found:
        entry = out / name
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    out.mkdir(parents=True, exist_ok=True)
    place = Place(out)
    place.next_statements.write_text("-- the demo has not come to its end\n", encoding="utf-8")
    return place
