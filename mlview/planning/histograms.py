"""How the values of one training column were spread, as a version keeps it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["number", "category"]


@dataclass(frozen=True, slots=True)
class Histogram:
    """The rows of one column, counted in bins.

    Attributes:
        column: its name.
        kind: "number" also for booleans (0 and 1) and moments (seconds since 1970-01-01 UTC);
            "category" for text.
        edges: of numbers, ascending: the least value, the inner edges, the greatest value. Bin i
            holds `inner[i - 1] < x <= inner[i]`; the first and the last bin reach to infinity.
        levels: of categories, the most frequent first; one more bin holds all others.
        counts: rows per bin, the others' bin last; of categories without the rows that the levels
            were chosen by, in which they are frequent by choice.
        missing: rows that are NULL or NaN, or an 'infinity' moment.
        centres: of numbers, the median of each bin.
        spread: of numbers, the standard deviation.
    """

    column: str
    kind: Kind
    edges: tuple[float, ...]
    levels: tuple[str, ...]
    counts: tuple[int, ...]
    missing: int
    centres: tuple[float, ...] = ()
    spread: float | None = None

    @property
    def inner(self) -> tuple[float, ...]:
        """The edges between bins: one less than there are bins."""
        return self.edges[1:-1]

    @property
    def bins(self) -> int:
        """How many bins there are, missing rows not counted as one."""
        return len(self.levels) + 1 if self.kind == "category" else len(self.inner) + 1

    @property
    def rows(self) -> int:
        """How many rows the counts are of, missing ones included."""
        return sum(self.counts) + self.missing

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `from_json` reads it back as an equal histogram."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Histogram:
        """The histogram that `to_json` wrote."""
        return cls(
            column=value["column"],
            kind=value["kind"],
            edges=tuple(value["edges"]),
            levels=tuple(value["levels"]),
            counts=tuple(value["counts"]),
            missing=value["missing"],
            centres=tuple(value["centres"]),
            spread=value["spread"],
        )


@dataclass(frozen=True, slots=True)
class Binning:
    """Where the bins of a number lie, before anything is counted: see `Histogram`."""

    edges: tuple[float, ...]
    centres: tuple[float, ...]


def quantile_levels(bins: int) -> list[float]:
    """The quantiles that `binning` is made from: each bin's edges and its middle.

    >>> quantile_levels(2)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    return [step / (2 * bins) for step in range(2 * bins + 1)]


def binning(quantiles: Sequence[float]) -> Binning:
    """Bins of about equal counts from the ascending values at `quantile_levels`.

    Equal quantiles make one bin, so that a value many rows share gets a bin that ends in it.
    Where all of them are equal, the bins are below, at and above that value.

    >>> binning([0.0, 0.0, 0.0, 1.0, 2.0])
    Binning(edges=(0.0, 0.0, 2.0), centres=(0.0, 1.0))
    """
    least, greatest = quantiles[0], quantiles[-1]
    if least == greatest:
        below, above = math.nextafter(least, -math.inf), math.nextafter(least, math.inf)
        return Binning((below, below, least, least), (below, least, above))
    inner = sorted({edge for edge in quantiles[2:-1:2] if edge < greatest}) or [least]
    centres, low = [], -math.inf
    for high in (*inner, math.inf):
        held = [value for value in quantiles if low < value <= high]
        centres.append(held[(len(held) - 1) // 2])
        low = high
    return Binning((least, *inner, greatest), tuple(centres))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
