"""Which models can be maintained from sums, and what has to be summed for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.learners.moments.decoding import read
from mlview.learners.moments.layout import Layout
from mlview.learners.moments.rules import reason_against, shape_of
from mlview.learners.moments.state import Moments
from mlview.learners.roles import FeatureKind
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.roles import Roles


@dataclass(frozen=True, slots=True)
class NotMaintained:
    """Why a model has to be trained on all of its rows each time; `reason` is for users."""

    reason: str


@dataclass(frozen=True, slots=True)
class Maintained:
    """A model that is a function of sums: what to accumulate and how to solve it.

    Attributes:
        method: the estimator and its parameters.
        seed: for every `random_state` the user did not give.
        layout: what is summed.
    """

    method: ResolvedMethod
    seed: int
    layout: Layout

    def empty(self, like: Moments | None = None) -> Moments:
        """A state of no rows.

        Args:
            like: a state whose shifts and scales the new one takes over, so that the two can be
                merged without any rounding: hold-out rows are kept in such a state.
        """
        return Moments(self.layout, self.method, self.seed, like.frame if like else None)

    def from_bytes(self, data: bytes) -> Moments:
        """The state that `Moments.to_bytes` wrote, of this or another model of the same layout.

        Raises:
            ArtifactRefused: no such file, a damaged one, or the state of another layout.
        """
        return read(data, self.layout, self.method, self.seed)


def maintenance(roles: Roles, resolved: ResolvedMethod, seed: int) -> Maintained | NotMaintained:
    """Whether a model can be maintained from sums, decided without looking at data.

    Args:
        roles: what every column is for.
        resolved: the method and its parameters.
        seed: for every `random_state` the user did not give.

    >>> from mlview.definitions import Method
    >>> from mlview.learners import Feature, Roles, resolve
    >>> roles = Roles("y", Task.REGRESSION, (Feature("x", "DOUBLE", FeatureKind.NUMERIC),))
    >>> maintenance(roles, resolve(Method("Ridge")), 0).layout.numbers
    ('x',)
    >>> maintenance(roles, resolve(Method("RidgeCV")), 0).reason
    'RidgeCV chooses alpha by leave-one-out, which sums do not determine'
    """
    reason = reason_against(resolved, roles.features)
    if reason is not None:
        return NotMaintained(reason)
    shape, squares, extremes = shape_of(resolved.name)
    kinds = {f.name: f.kind for f in roles.features}
    layout = Layout(
        numbers=tuple(n for n, kind in kinds.items() if kind is not FeatureKind.CATEGORICAL),
        texts=tuple(n for n, kind in kinds.items() if kind is FeatureKind.CATEGORICAL),
        flags=tuple(n for n, kind in kinds.items() if kind is FeatureKind.BOOLEAN),
        target=roles.target,
        classes=roles.task is Task.CLASSIFICATION,
        shape=shape,
        squares=squares,
        extremes=extremes,
    )
    return Maintained(resolved, seed, layout)
