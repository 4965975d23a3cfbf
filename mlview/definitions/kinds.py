"""The kinds of relation a dependency graph has."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a name stands for."""

    TABLE = "TABLE"
    VIEW = "VIEW"
    MATERIALIZED_VIEW = "MATERIALIZED VIEW"
    MODEL = "MODEL"
