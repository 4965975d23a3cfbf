"""What CREATE answers with: what was learned, how well, and what to type next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.definitions import quote

if TYPE_CHECKING:
    from mlview.definitions import Model, Name
    from mlview.records import Metric, Version


@dataclass(frozen=True)
class Card:
    """Lines of (what, value) about one view, notices, and the next statement to type."""

    name: Name
    lines: tuple[tuple[str, str], ...]
    notices: tuple[str, ...] = ()
    next_statement: str | None = None

    def table(self) -> pa.Table:
        """The card as rows of (item, value), for programs."""
        rows = [("name", self.name.plain), *self.lines]
        rows += [("notice", notice) for notice in self.notices]
        if self.next_statement:
            rows.append(("next", self.next_statement))
        return pa.table({"item": [r[0] for r in rows], "value": [r[1] for r in rows]})


def model_card(
    definition: Model, version: Version, seconds: float, notices: tuple[str, ...]
) -> Card:
    """A model's card: rows, the metric beside the Dummy baseline, columns left out and why."""
    trained = f"{version.rows_trained:,} rows trained"
    lines = [
        ("version", f"{version.number} at snapshot {version.snapshot_id}"),
        ("method", _method(version)),
        ("rows", ", ".join([trained, *_other_rows(version)])),
        ("features", ", ".join(quote(f[0]) for f in version.details.get("features", []))),
    ]
    lines += [
        ("left out", f"{quote(column)}: {reason}")
        for column, reason in version.details.get("ignored", [])
    ]
    missing = version.details.get("missing", {})
    if missing:
        lines.append(("missing", ", ".join(f"{quote(c)}: {n:,}" for c, n in missing.items())))
    score = version.score
    if score is not None:
        lines.append((score.name, describe_score(score)))
    lines.append(("took", f"{seconds:.1f} s"))
    target = definition.target
    follow_up = f"FROM {definition.name}"
    if target is not None:
        follow_up += f" WHERE {quote(target)} IS NULL" if version.rows_unlabelled else " LIMIT 10"
    return Card(definition.name, tuple(lines), notices, follow_up + ";")


def view_card(name: Name, version: Version, seconds: float, notices: tuple[str, ...]) -> Card:
    """A materialized view's card: its rows and columns."""
    lines = (
        ("version", f"{version.number} at snapshot {version.snapshot_id}"),
        ("rows", f"{version.rows:,}"),
        ("columns", ", ".join(f"{quote(c.name)} {c.type}" for c in version.schema)),
        ("took", f"{seconds:.1f} s"),
    )
    return Card(name, lines, notices, f"FROM {name} LIMIT 10;")


def describe_score(score: Metric) -> str:
    """A metric with its interval, beside the baseline.

    >>> from mlview.records import Metric
    >>> describe_score(Metric("roc_auc", 0.731, 0.72, 0.742, 0.5))
    '0.731 (95 % interval 0.720 to 0.742), Dummy baseline 0.500'
    """
    text = f"{score.value:.3f}"
    if score.low is not None and score.high is not None:
        text += f" (95 % interval {score.low:.3f} to {score.high:.3f})"
    if score.baseline is not None:
        text += f", Dummy baseline {score.baseline:.3f}"
    return text


def _method(version: Version) -> str:
    inside = ", ".join(f"{name} => {value}" for name, value in version.parameters.items())
    return f"{version.method} ({inside})" if inside else str(version.method)


def _other_rows(version: Version) -> list[str]:
    parts = []
    if version.rows_unlabelled:
        parts.append(f"{version.rows_unlabelled:,} unlabelled (questions)")
    if version.rows_held_out:
        parts.append(f"{version.rows_held_out:,} held out {_how(version)}")
    return parts


def _how(version: Version) -> str:
    record = version.details.get("holdout", {})
    if record.get("by") == "time":
        since = f" (from {record['from']})" if "from" in record else ""
        return f"as the last by {record['column']}{since}, then refitted on all"
    refit = ", then refitted on all" if record.get("refit") else ""
    by = record.get("by")
    keys = ", ".join(map(quote, by)) if isinstance(by, list) else record.get("identity", "identity")
    return f"by a hash of {keys}{refit}"
