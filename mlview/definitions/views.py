"""What a user declares: plain views, materialized views and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mlview.definitions.freshness import RefreshMode
from mlview.definitions.kinds import Kind

if TYPE_CHECKING:
    from mlview.definitions.freshness import Freshness, TargetLag
    from mlview.definitions.methods import ArtifactMethod, Holdout, Method
    from mlview.definitions.names import Name
    from mlview.definitions.rules import Expectation, Requirement, Rollout


@dataclass(frozen=True, slots=True)
class PlainView:
    """A view that reads a materialized view or a prediction, so mlview keeps and binds it."""

    kind: ClassVar[Kind] = Kind.VIEW

    name: Name
    query: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializedView:
    """A stored query result.

    `query` is the body exactly as it was typed, without the trailing semicolon.
    """

    kind: ClassVar[Kind] = Kind.MATERIALIZED_VIEW

    name: Name
    query: str
    expectations: tuple[Expectation, ...] = ()
    target_lag: TargetLag | None = None
    freshness: Freshness | None = None
    refresh_when: str | None = None
    refresh_mode: RefreshMode = RefreshMode.AUTO
    priority: int | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A function learned from a query result.

    `target` is None for an unsupervised model, `method` None where mlview chooses.
    """

    kind: ClassVar[Kind] = Kind.MODEL

    name: Name
    query: str
    target: str | None = None
    method: Method | ArtifactMethod | None = None
    key: tuple[str, ...] = ()
    time: str | None = None
    ignore: tuple[str, ...] = ()
    holdout: Holdout | None = None
    expectations: tuple[Expectation, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    rollout: Rollout | None = None
    target_lag: TargetLag | None = None
    freshness: Freshness | None = None
    refresh_when: str | None = None
    refresh_mode: RefreshMode = RefreshMode.AUTO
    priority: int | None = None
    owner: str | None = None


Definition = PlainView | MaterializedView | Model
Refreshable = MaterializedView | Model
