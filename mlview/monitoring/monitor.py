"""Drift and live quality of every model, beside how late it is."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from mlview import learners
from mlview.definitions import Kind
from mlview.engines.histograms import counted_in
from mlview.errors import MlviewError
from mlview.monitoring.arrivals import arrivals
from mlview.observation.deltas import Ends
from mlview.observation.looking import through
from mlview.planning.drift import Drift, drift, summary
from mlview.planning.histograms import Histogram

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import pyarrow as pa

    from mlview.definitions import Name
    from mlview.learners import LiveQuality
    from mlview.observation.deltas import ViewDelta
    from mlview.observation.observer import Observed, Observer
    from mlview.records import Staleness, Version
    from mlview.serving.loading import Loader
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Measures:
    """What the rows that came say of a live model.

    Attributes:
        drifts: per feature, how far it has moved.
        max_psi, max_psi_column: the greatest PSI beyond chance, if there is one.
        drift_said, quality_said: both as sentences.
        quality: the live version's score on rows it never learned.
        sampled: whether only a sample of the rows was looked at.
    """

    drifts: tuple[Drift, ...] = ()
    max_psi: float | None = None
    max_psi_column: str | None = None
    drift_said: str = "nothing came since the live version"
    quality: LiveQuality | None = None
    quality_said: str = "no labelled row came that the live version has not learned"
    sampled: bool = False


class Monitor:
    """Measures models on the rows that came; repeated calls are answered from memory."""

    def __init__(self, home: Home, observer: Observer, loader: Loader) -> None:
        self._home = home
        self._observer = observer
        self._loader = loader
        self._known: OrderedDict[tuple[object, ...], tuple[ViewDelta, Measures]] = OrderedDict()
        self._lock = Lock()

    def staleness(self, now: datetime) -> dict[Name, Staleness]:
        """How stale every view is, with drift and live quality where rows came to tell."""
        seen = self._observer.look()
        return {
            name: self._measured(seen, seen.rows[name], stale)
            for name, stale in seen.staleness(now).items()
        }

    def measured(
        self, names: Collection[Name], seen: Observed, staleness: Mapping[Name, Staleness]
    ) -> dict[Name, Staleness]:
        """How stale some views are, with drift and live quality, by one look."""
        return {name: self._measured(seen, seen.rows[name], staleness[name]) for name in names}

    def measures(self, name: Name) -> Measures | None:
        """What came of one model's features and answers; None if it is no model with a version."""
        seen = self._observer.look()
        row = seen.rows.get(name)
        if row is None or row.kind is not Kind.MODEL or row.id not in seen.live:
            return None
        return self._of(seen, row)

    def _measured(self, seen: Observed, row: ObjectRow, stale: Staleness) -> Staleness:
        if row.kind is not Kind.MODEL or row.id not in seen.live:
            return stale
        found = self._of(seen, row)
        quality = found.quality
        stale = replace(stale, max_psi=found.max_psi, max_psi_column=found.max_psi_column)
        if quality is None:
            return stale
        return replace(
            stale,
            live_metric=quality.metric,
            live_value=quality.value,
            live_drop=quality.drop,
            live_n=quality.n,
            live=dict(quality.all),
        )

    def _of(self, seen: Observed, row: ObjectRow) -> Measures:
        delta, live = seen.deltas.get(row.id), seen.live[row.id]
        if delta is None or not delta.size.inserted:
            return Measures()
        key = (row.id, live.number)
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0] is delta:
                return known[1]
        found = self._computed(seen, row, live, delta)
        with self._lock:
            self._known[key] = (delta, found)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _computed(
        self, seen: Observed, row: ObjectRow, live: Version, delta: ViewDelta
    ) -> Measures:
        ends = Ends(row, live, through(row, live), seen.snapshot.id, seen.now)
        try:
            came = arrivals(self._home, ends, delta, lambda other: seen.live[other.id])
        except MlviewError as problem:
            said = f"the rows that came cannot be read: {problem.message}"
            return Measures(drift_said=said, quality_said=said)
        found = Measures(sampled=came.inserted.num_rows < came.whole)
        found = _with_drift(found, live, came.inserted)
        return self._with_quality(found, row, live, came.unknown)

    def _with_quality(
        self, found: Measures, row: ObjectRow, live: Version, unknown: pa.Table
    ) -> Measures:
        if not unknown.num_rows:
            return found
        try:
            fitted = self._loader.fitted(live, row.name.plain)
            quality = learners.live_quality(fitted, unknown, live.score)
        except MlviewError as problem:
            return replace(found, quality_said=f"it cannot be scored: {problem.message}")
        if quality is None:
            said = f"{unknown.num_rows:,} labelled rows came: too few to be scored on"
            return replace(found, quality_said=said)
        return replace(found, quality=quality, quality_said=quality.said)


def _with_drift(found: Measures, live: Version, inserted: pa.Table) -> Measures:
    kept = [Histogram.from_json(value) for value in live.details.get("histograms", [])]
    if not kept:
        return replace(found, drift_said="the live version keeps no histograms")
    try:
        counts, _, sampled = counted_in(inserted, kept)
    except MlviewError as problem:
        return replace(found, drift_said=f"drift cannot be scored: {problem.message}")
    drifts = tuple(
        drift(before, after, missing) for before, (after, missing) in zip(kept, counts, strict=True)
    )
    psi, column, said = summary(drifts)
    if sampled or found.sampled:
        said += ", of a sample"
    return replace(
        found,
        drifts=drifts,
        max_psi=psi,
        max_psi_column=column,
        drift_said=said,
        sampled=sampled or found.sampled,
    )
