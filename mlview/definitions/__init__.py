"""What was declared: names, views, models, methods, freshness and rules."""

from mlview.definitions.durations import format_duration, parse_duration
from mlview.definitions.fingerprints import fingerprint
from mlview.definitions.freshness import (
    DOWNSTREAM,
    Downstream,
    Freshness,
    RefreshMode,
    SourceFreshness,
    TargetLag,
)
from mlview.definitions.kinds import Kind
from mlview.definitions.methods import (
    ArtifactMethod,
    Holdout,
    HoldoutLast,
    HoldoutShare,
    Method,
    Scalar,
    Value,
)
from mlview.definitions.names import (
    DEFAULT_SCHEMA,
    RESERVED_SCHEMAS,
    Name,
    always_quote,
    fold,
    literal,
    quote,
)
from mlview.definitions.rules import (
    Expectation,
    OnViolation,
    Requirement,
    Rollout,
    RolloutStage,
    Stage,
)
from mlview.definitions.views import Definition, MaterializedView, Model, PlainView, Refreshable

__all__ = [
    "DEFAULT_SCHEMA",
    "DOWNSTREAM",
    "RESERVED_SCHEMAS",
    "ArtifactMethod",
    "Definition",
    "Downstream",
    "Expectation",
    "Freshness",
    "Holdout",
    "HoldoutLast",
    "HoldoutShare",
    "Kind",
    "MaterializedView",
    "Method",
    "Model",
    "Name",
    "OnViolation",
    "PlainView",
    "RefreshMode",
    "Refreshable",
    "Requirement",
    "Rollout",
    "RolloutStage",
    "Scalar",
    "SourceFreshness",
    "Stage",
    "TargetLag",
    "Value",
    "always_quote",
    "fingerprint",
    "fold",
    "format_duration",
    "literal",
    "parse_duration",
    "quote",
]
