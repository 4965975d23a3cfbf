"""The Pipeline that a fit on all rows would give, its preprocessing learned from sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from mlview.learners.moments.layout import Key, Kind
from mlview.learners.moments.preparing import Design, Numbers, design, learn_numbers
from mlview.learners.moments.templates import fitted_on_levels
from mlview.learners.preprocessing import METHOD, PREPROCESS, build_pipeline

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from mlview.learners.moments.layout import Value
    from mlview.learners.moments.state import Moments
    from mlview.learners.roles import Roles


@dataclass(frozen=True, slots=True)
class Assembled:
    """A Pipeline with fitted preprocessing and an estimator that is yet to be solved.

    Attributes:
        roles: with the levels there are.
        pipeline: its last step is unfitted.
        levels: of each text, in the encoder's order.
        numbers: what was learned of the numbers.
        design: the estimator's columns.
        sparse: whether the estimator would be given a sparse matrix.
    """

    roles: Roles
    pipeline: Pipeline
    levels: dict[str, tuple[Value, ...]]
    numbers: Numbers
    design: Design
    sparse: bool

    @property
    def estimator(self) -> Any:
        """The unfitted last step."""
        return self.pipeline.named_steps[METHOD]


def assemble(moments: Moments, roles: Roles) -> Assembled:
    """The Pipeline of a state.

    Its preprocessing is fitted on the levels; what it would learn from the number of rows is put
    in its place.
    """
    counts = {name: moments.levels(name) for name in moments.layout.texts}
    features = tuple(
        replace(f, levels=len(counts[f.name].keys() - {None})) if f.name in counts else f
        for f in roles.features
    )
    roles = replace(roles, features=features)
    pipeline = build_pipeline(roles, moments.method, moments.seed)
    preprocess = fitted_on_levels(pipeline.named_steps[PREPROCESS], moments.method, roles, counts)
    pipeline.steps[0] = (PREPROCESS, preprocess)
    numbers = learn_numbers(moments)
    levels: dict[str, tuple[Value, ...]] = {}
    outputs: list[Key] = []
    for name, step, columns in preprocess.transformers_:
        if name == "categories":
            levels |= _levels(step, columns)
            outputs += _encoded(step, columns, levels)
        else:
            _teach(step, numbers, columns)
            outputs += [Key(Kind.NUMBER, column) for column in columns]
    return Assembled(
        roles,
        pipeline,
        levels,
        numbers,
        design(moments, numbers, tuple(outputs)),
        bool(preprocess.sparse_output_),
    )


def _levels(encoder: OneHotEncoder | OrdinalEncoder, columns: list[str]
            ) -> dict[str, tuple[Value, ...]]:  # fmt: skip
    return {
        name: tuple(value if isinstance(value, str) else None for value in values)
        for name, values in zip(columns, encoder.categories_, strict=True)
    }


def _encoded(
    encoder: OneHotEncoder | OrdinalEncoder,
    columns: list[str],
    levels: dict[str, tuple[Value, ...]],
) -> list[Key]:
    """The columns an encoder gives: none of an ordinal one is a sum."""
    if isinstance(encoder, OrdinalEncoder):
        return []
    first = 0 if encoder.drop_idx_ is None else 1
    return [Key(Kind.LEVEL, name, value) for name in columns for value in levels[name][first:]]


def _teach(step: Any, numbers: Numbers, columns: list[str]) -> None:
    """Give a fitted step what it would have learned of its columns from all rows."""
    at = np.array([numbers.names.index(name) for name in columns], dtype=np.intp)
    parts = [part for _, part in step.steps] if hasattr(step, "steps") else [step]
    for part in parts:
        match part:
            case SimpleImputer(strategy="most_frequent"):
                part.statistics_ = numbers.modes[at]
            case SimpleImputer():
                part.statistics_ = numbers.means[at]
            case StandardScaler():
                part.mean_, part.var_ = numbers.means[at], numbers.variances[at]
                part.scale_ = numbers.scales[at]
                part.n_samples_seen_ = np.float64(numbers.rows)
            case MinMaxScaler():
                low, high = numbers.lows[at], numbers.highs[at]
                part.data_min_, part.data_max_, part.data_range_ = low, high, high - low
                part.scale_ = 1.0 / np.where(high - low < _TINY, 1.0, high - low)
                part.min_ = 0.0 - low * part.scale_
                part.n_samples_seen_ = numbers.rows


_TINY = 10 * float(np.finfo(np.float64).eps)
