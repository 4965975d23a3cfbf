"""A digest of what a definition computes, blind to how fresh or how watched it is."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.definitions.methods import ArtifactMethod, HoldoutLast, HoldoutShare, Method
from mlview.definitions.names import fold
from mlview.definitions.views import MaterializedView, Model, PlainView

if TYPE_CHECKING:
    from mlview.definitions.views import Definition


def fingerprint(definition: Definition, canonical_query: str) -> str:
    """SHA-256 (hex) of everything that decides the content of a version.

    Two definitions with one fingerprint have the same versions at the same snapshot: target lag,
    freshness, owner, priority and gates are left out. `canonical_query` is the query with
    comments and spacing removed (`mlview.sql.canonical`).
    """
    match definition:
        case PlainView():
            parts: list[object] = ["view", list(map(fold, definition.columns))]
        case MaterializedView():
            parts = ["materialized view"]
        case Model():
            parts = [
                "model",
                definition.target and fold(definition.target),
                _method(definition.method),
                [fold(c) for c in definition.key],
                definition.time and fold(definition.time),
                sorted(fold(c) for c in definition.ignore),
                _holdout(definition.holdout),
            ]
    text = json.dumps([*parts, canonical_query], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _method(method: Method | ArtifactMethod | None) -> object:
    match method:
        case None:
            return None
        case ArtifactMethod():
            return ["artifact", method.sha256]
        case Method():
            return [method.name.lower(), sorted((k, repr(v)) for k, v in method.parameters)]


def _holdout(holdout: HoldoutShare | HoldoutLast | None) -> object:
    match holdout:
        case None:
            return None
        case HoldoutShare():
            return ["share", holdout.share, [fold(c) for c in holdout.by], holdout.refit]
        case HoldoutLast():
            last = holdout.last
            return ["last", f"{last.total_seconds()}s" if isinstance(last, timedelta) else last]
