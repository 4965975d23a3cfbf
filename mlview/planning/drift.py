"""How far the values of a column have moved since a model was trained on it.

All measures come from two rows of counts over the same bins. Their names and definitions are those
of evidently and NannyML; what they do not define for a column is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlview.planning.histograms import Histogram

MINIMUM_ROWS = 500
"""Rows below which drift is not scored."""

QUANTILE = 0.99
"""One look in a hundred over columns that did not drift may find something."""

_HALF_ROW = 0.5
_SPARSE = 20
_PLENTY = 45  # five standard deviations above _SPARSE


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one column has moved; 0 is not at all.

    Attributes:
        column: its name.
        psi: population stability index, 0 to infinity; by convention 0.1 is some and 0.25 much.
        ks: Kolmogorov-Smirnov statistic at the bins' edges, 0 to 1; None for categories.
        js: Jensen-Shannon distance with base 2, 0 to 1.
        wasserstein: W1 in training standard deviations; None for categories.
        rows: rows compared, missing ones included.
        hellinger: Hellinger distance, 0 to 1.
        tvd: total variation distance, 0 to 1.
        rows_before: training rows, missing ones included.
        bins: bins that psi is the sum of.
    """

    column: str
    psi: float
    ks: float | None
    js: float
    wasserstein: float | None
    rows: int
    hellinger: float
    tvd: float
    rows_before: int
    bins: int


def drift(before: Histogram, after_counts: Sequence[int], after_missing: int) -> Drift:
    """How far counts over the same bins have moved from those of training.

    With p and q the shares of training and later rows per bin:

    - psi = sum (q - p) ln(q / p), as evidently. Bins too sparse for the chi-square law are put
      together; a bin that is empty on one side counts as half a row there.
    - js = sqrt((KL(p, m) + KL(q, m)) / 2) with m = (p + q) / 2 and log2, as NannyML.
    - hellinger = sqrt(sum (sqrt p - sqrt q)^2 / 2), as NannyML; tvd = sum |p - q| / 2.
    - ks = max |P - Q| of the cumulated shares at the edges, as NannyML estimates it.
    - wasserstein = sum |P - Q| times the way from one bin's median to the next, over the training
      standard deviation as evidently normalises it. Rows beyond the training range count as if
      they lay at the outer bin's median.

    Missing rows are one more bin, but for ks and wasserstein, which compare the rows that have a
    value.
    """
    old, new = [*before.counts, before.missing], [*after_counts, after_missing]
    rows_before, rows = sum(old), sum(new)
    p, q = _shares(old), _shares(new)
    dense = _pooled(old, new)
    ordered = before.kind == "number"
    apart = _apart(before.counts, after_counts) if ordered else None
    return Drift(
        column=before.column,
        psi=_psi(dense),
        ks=None if apart is None else max(apart, default=0.0),
        js=_jensen_shannon(p, q),
        wasserstein=None if apart is None else _wasserstein(before, apart),
        rows=rows,
        hellinger=math.sqrt(
            sum((math.sqrt(a) - math.sqrt(b)) ** 2 for a, b in zip(p, q, strict=True)) / 2
        ),
        tvd=sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2,
        rows_before=rows_before,
        bins=len(dense),
    )


def no_drift_level(
    rows_before: int, rows_after: int, bins: int, columns: int, quantile: float = QUANTILE
) -> float:
    """The PSI that one of several columns passes by chance, in 1 - quantile of all looks.

    Without drift PSI is (1 / rows_before + 1 / rows_after) times a chi-square of bins - 1 degrees
    of freedom (Yurdakul 2018, "Statistical properties of the population stability index"). Each
    column gets the share of the risk that Sidak (1967) gives to independent ones.

    >>> round(no_drift_level(20_000, 500, bins=10, columns=1), 3)
    0.044
    >>> round(no_drift_level(20_000, 500, bins=10, columns=20), 3)
    0.061
    """
    freedom = bins - 1
    if freedom < 1 or not rows_before or not rows_after:
        return math.inf
    each = quantile ** (1 / max(1, columns))
    return (1 / rows_before + 1 / rows_after) * _chi_square(each, freedom)


def summary(
    drifts: Iterable[Drift], *, minimum_rows: int = MINIMUM_ROWS, quantile: float = QUANTILE
) -> tuple[float | None, str | None, str]:
    """The greatest PSI that is not chance, its column, and a sentence about it.

    The PSI is None below `minimum_rows` later rows and where no column passes its own no-drift
    level for these numbers of rows, bins and columns.
    """
    found = sorted(drifts, key=lambda one: (-one.psi, one.column))
    if not found:
        return None, None, "no column is scored for drift"
    rows = max(one.rows for one in found)
    if rows < minimum_rows:
        return None, None, f"{rows:,} rows: drift is scored from {minimum_rows:,} on"
    for one in found:
        level = _level(one, len(found), quantile)
        if one.psi > level:
            said = f"PSI {one.psi:.3g} in {one.column}, where chance gives up to {level:.2g}"
            return one.psi, one.column, f"{said} ({one.rows:,} rows)"
    first = found[0]
    level = _level(first, len(found), quantile)
    said = f"no drift beyond chance: the greatest PSI, {first.psi:.2g} in {first.column}, "
    return None, None, f"{said}is within {level:.2g} ({first.rows:,} rows)"


def _level(one: Drift, columns: int, quantile: float) -> float:
    return no_drift_level(one.rows_before, one.rows, one.bins, columns, quantile)


def _chi_square(share: float, freedom: int) -> float:
    """The quantile of a chi-square law, from 3 degrees on as Wilson & Hilferty (1931) have it."""
    match freedom:
        case 1:
            return NormalDist().inv_cdf((1 + share) / 2) ** 2
        case 2:
            return -2 * math.log1p(-share)
        case _:
            z, ninth = NormalDist().inv_cdf(share), 2 / (9 * freedom)
            return freedom * (1 - ninth + z * math.sqrt(ninth)) ** 3


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts)
    return [count / whole if whole else 0.0 for count in counts]


def _pooled(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Counts before and after per bin, the sparse ones put together at the end.

    Sparse is a bin with fewer than 20 rows of the smaller side by its share of both. That share
    says nothing of a difference, so that no bin is kept because chance made it differ. A level
    that only one side has in plenty is kept all the same.
    """
    before, after = sum(old), sum(new)
    if not before or not after:
        return []
    few = min(before, after)
    dense = [
        (a, b)
        for a, b in zip(old, new, strict=True)
        if (a + b) / (before + after) * few >= _SPARSE
        or max(a / before, b / after) * few >= _PLENTY
    ]
    rest = before - sum(a for a, _ in dense), after - sum(b for _, b in dense)
    return [*dense, rest] if any(rest) else dense


def _psi(counts: Sequence[tuple[int, int]]) -> float:
    before, after = sum(a for a, _ in counts), sum(b for _, b in counts)
    shares = [((a or _HALF_ROW) / before, (b or _HALF_ROW) / after) for a, b in counts]
    return sum((q - p) * math.log(q / p) for p, q in shares)


def _jensen_shannon(p: Sequence[float], q: Sequence[float]) -> float:
    if not sum(p) or not sum(q):
        return 0.0
    divergence = 0.0
    for a, b in zip(p, q, strict=True):
        middle = (a + b) / 2
        divergence += a * math.log2(a / middle) / 2 if a else 0.0
        divergence += b * math.log2(b / middle) / 2 if b else 0.0
    return math.sqrt(min(1.0, max(0.0, divergence)))


def _apart(old: Sequence[int], new: Sequence[int]) -> list[float]:
    """How far the cumulated shares are apart at each inner edge; all 0 if one side has no value."""
    if not sum(old) or not sum(new):
        return [0.0] * (len(old) - 1)
    below = zip(accumulate(_shares(old)), accumulate(_shares(new)), strict=True)
    return [abs(a - b) for a, b in below][:-1]


def _wasserstein(before: Histogram, apart: Sequence[float]) -> float | None:
    if not before.spread:
        return None
    ways = [high - low for low, high in pairwise(before.centres)]
    return sum(gap * way for gap, way in zip(apart, ways, strict=True)) / before.spread
