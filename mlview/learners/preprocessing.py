"""The Pipeline of a model: preprocessing by column kind and method, then the method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.utils import get_tags

from mlview.errors import DefinitionRefused, TrainingDataProblem
from mlview.learners.families import Family, family_of
from mlview.learners.methods import seeded
from mlview.learners.roles import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.roles import Feature, Roles

PREPROCESS, METHOD = "preprocess", "method"

NATIVE_LEVELS = 254
"""Categories HistGradientBoosting takes natively: its 255 bins less one for unseen values."""

ONE_HOT_TREE_LEVELS = 16
"""Categories up to which trees get a column each; beyond that, their order."""

MAX_ONE_HOT = 10_000
"""One-hot columns of one feature beyond which a linear or distance method is refused."""

MAX_DENSE_CELLS = 250_000_000
"""Cells (rows x columns) beyond which a dense one-hot matrix is refused: 2 GB of float64."""

Step = tuple[str, Any, list[str]]


def build_pipeline(
    roles: Roles, resolved: ResolvedMethod, seed: int, n_rows: int | None = None
) -> Pipeline:
    """The unfitted Pipeline of a model, with steps named `preprocess` and `method`.

    Missing numbers are imputed unless the method reads NaN; a missing category is a level of its
    own; categories unseen in training are ignored at prediction.

    Args:
        roles: the features with their kinds and levels.
        resolved: the method.
        seed: for every `random_state` the user did not give.
        n_rows: training rows, to refuse a one-hot matrix that would not fit in memory.

    Raises:
        TrainingDataProblem: CARDINALITY.
        DefinitionRefused: parameters that the constructor refuses together.
    """
    family = family_of(resolved.name)
    own = {**seeded(resolved, seed), **_native_categories(roles, family)}
    try:
        estimator = resolved.make(**own)
    except TypeError as problem:
        raise DefinitionRefused(
            f"{resolved.name} refuses its parameters: {problem}",
            name=resolved.name,
            hint="see the estimator's documentation",
        ) from problem
    steps = _steps(roles.features, family, estimator, n_rows)
    preprocess = ColumnTransformer(steps, verbose_feature_names_out=False)
    return Pipeline([(PREPROCESS, preprocess), (METHOD, estimator)])


def _of_kind(features: Sequence[Feature], *kinds: FeatureKind) -> list[Feature]:
    return [f for f in features if f.kind in kinds]


def _names(features: Sequence[Feature]) -> list[str]:
    return [f.name for f in features]


def _numbers(features: Sequence[Feature]) -> list[str]:
    return [f.name for f in features if f.kind is not FeatureKind.CATEGORICAL]


def _flags(features: Sequence[Feature]) -> list[str]:
    return _names(_of_kind(features, FeatureKind.BOOLEAN))


def _quantities(features: Sequence[Feature]) -> list[str]:
    return _names(_of_kind(features, FeatureKind.NUMERIC, FeatureKind.DATETIME))


def _steps(
    features: Sequence[Feature], family: Family, estimator: Any, n_rows: int | None
) -> list[Step]:
    texts = _of_kind(features, FeatureKind.CATEGORICAL)
    numbers = _numbers(features)
    tags = get_tags(estimator).input_tags
    match family:
        case Family.HIST_BOOSTING | Family.LIGHTGBM | Family.XGBOOST:
            native, ordered = _split_native(texts, family)
            steps: list[Step] = [
                ("categories", _codes(), _names(native)),
                ("ordered", _codes(), _names(ordered)),
                ("numbers", "passthrough", numbers),
            ]
        case Family.TREES:
            few = [f for f in texts if (f.levels or 0) <= ONE_HOT_TREE_LEVELS]
            many = [f for f in texts if (f.levels or 0) > ONE_HOT_TREE_LEVELS]
            whole = "passthrough" if tags.allow_nan else SimpleImputer(strategy="median")
            steps = [
                ("categories", _one_hot(sparse=False), _names(few)),
                ("ordered", _codes(missing=-1), _names(many)),
                ("numbers", whole, numbers),
            ]
        case Family.LEVELS:
            beyond = max((f.levels or 0 for f in texts), default=0)
            bins = KBinsDiscretizer(
                encode="ordinal", strategy="quantile", quantile_method="averaged_inverted_cdf"
            )
            steps = [
                ("categories", _codes(missing=beyond, unknown=beyond + 1), _names(texts)),
                ("flags", SimpleImputer(strategy="most_frequent"), _flags(features)),
                ("numbers", make_pipeline(SimpleImputer(), bins), _quantities(features)),
            ]
        case Family.FLAGS:
            _check_one_hot(features, n_rows, dense=not tags.sparse)
            steps = [
                ("categories", _one_hot(sparse=tags.sparse), _names(texts)),
                ("flags", SimpleImputer(strategy="most_frequent"), _flags(features)),
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()),
                 _quantities(features)),
            ]  # fmt: skip
        case Family.NON_NEGATIVE | Family.SCALED | Family.INDEPENDENT:
            _check_one_hot(features, n_rows, dense=not tags.sparse)
            scaler = MinMaxScaler(clip=True) if family is Family.NON_NEGATIVE else StandardScaler()
            # A column for every level makes each class's covariance singular.
            drop = "first" if family is Family.INDEPENDENT else None
            steps = [
                ("categories", _one_hot(sparse=tags.sparse, drop=drop), _names(texts)),
                ("numbers", make_pipeline(SimpleImputer(), scaler), numbers),
            ]
    return [step for step in steps if step[2]]


def _one_hot(*, sparse: bool, drop: str | None = None) -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore", sparse_output=sparse, drop=drop)


def _codes(missing: float = np.nan, unknown: float | None = None) -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=missing if unknown is None else unknown,
        encoded_missing_value=missing,
    )


def _split_native(texts: Sequence[Feature], family: Family) -> tuple[list[Feature], list[Feature]]:
    limit = NATIVE_LEVELS if family is Family.HIST_BOOSTING else MAX_ONE_HOT
    native = [f for f in texts if (f.levels or 0) <= limit]
    return native, [f for f in texts if (f.levels or 0) > limit]


def _native_categories(roles: Roles, family: Family) -> dict[str, Any]:
    """Constructor parameters that tell a booster which columns are categories."""
    texts = _of_kind(roles.features, FeatureKind.CATEGORICAL)
    match family:
        case Family.HIST_BOOSTING:
            native, _ = _split_native(texts, family)
            mask = [True] * len(native) + [False] * (len(roles.features) - len(native))
            return {"categorical_features": mask if native else None}
        case Family.XGBOOST:
            native, _ = _split_native(texts, family)
            types = ["c"] * len(native) + ["q"] * (len(roles.features) - len(native))
            return {"feature_types": types, "enable_categorical": True, "tree_method": "hist"}
        case Family.LEVELS:
            levels = max((f.levels or 0 for f in texts), default=0)
            return {"min_categories": levels + 2}
        case _:
            return {}


def fit_parameters(pipeline: Pipeline) -> dict[str, Any]:
    """What the method's `fit` is told beside X and y: LightGBM's native categories."""
    steps = dict(pipeline.steps)
    method, preprocess = steps.get(METHOD), steps.get(PREPROCESS)
    if not type(method).__module__.startswith("lightgbm"):
        return {}
    if not isinstance(preprocess, ColumnTransformer):
        return {}
    native = next(
        (len(cols) for name, _, cols in preprocess.transformers if name == "categories"), 0
    )
    return {f"{METHOD}__categorical_feature": list(range(native))} if native else {}


def _check_one_hot(features: Sequence[Feature], n_rows: int | None, *, dense: bool) -> None:
    texts = _of_kind(features, FeatureKind.CATEGORICAL)
    for feature in texts:
        if (feature.levels or 0) > MAX_ONE_HOT:
            raise TrainingDataProblem(
                f"the column '{feature.name}' has {feature.levels} categories; the limit for a "
                f"method that needs a column for each is {MAX_ONE_HOT}",
                name=feature.name,
                code="CARDINALITY",
                hint=f"IGNORE ({feature.name}), or USING a HistGradientBoosting method",
                found=feature.levels,
                limit=MAX_ONE_HOT,
            )
    columns = sum(f.levels or 0 for f in texts) + len(features)
    if dense and n_rows and n_rows * columns > MAX_DENSE_CELLS:
        raise TrainingDataProblem(
            f"{n_rows} rows x {columns} columns after one-hot encoding is more than the limit of "
            f"{MAX_DENSE_CELLS} cells, and the method needs them dense",
            code="CARDINALITY",
            hint="IGNORE the columns with most categories, or USING a HistGradientBoosting method",
            found=n_rows * columns,
            limit=MAX_DENSE_CELLS,
        )


_STEP_TEXTS = {
    "categories": {
        Family.HIST_BOOSTING: "native categories; missing and unseen ones are missing",
        Family.LIGHTGBM: "native categories; missing and unseen ones are missing",
        Family.XGBOOST: "native categories; missing and unseen ones are missing",
        Family.TREES: "one-hot; missing is a level, unseen ones are ignored",
        Family.LEVELS: "levels; missing is a level, unseen ones are one more",
        Family.FLAGS: "one-hot; missing is a level, unseen ones are ignored",
        Family.NON_NEGATIVE: "one-hot; missing is a level, unseen ones are ignored",
        Family.SCALED: "one-hot; missing is a level, unseen ones are ignored",
        Family.INDEPENDENT: "one-hot but for the first level, which unseen ones count as",
    },
    "ordered": dict.fromkeys(
        Family, "too many categories to be native or one-hot: numbered in alphabetical order"
    ),
}


def describe_pipeline(
    pipeline: Pipeline, roles: Roles | None = None
) -> tuple[tuple[tuple[str, ...], str], ...]:
    """What happens to which columns, for DESCRIBE MODEL: (columns, steps in words).

    A user's Pipeline is one entry with the names of its steps, for all of the roles' columns.
    """
    preprocess = dict(pipeline.steps).get(PREPROCESS)
    method = pipeline.steps[-1][1]
    if not isinstance(preprocess, ColumnTransformer):
        columns = tuple(_names(roles.features)) if roles else ("*",)
        return ((columns, _steps_of(method)),)
    family = family_of(type(method).__name__)
    return tuple(
        (tuple(columns), _STEP_TEXTS[name][family] if name in _STEP_TEXTS else _in_words(step))
        for name, step, columns in preprocess.transformers
    )


def _steps_of(estimator: Any) -> str:
    steps = estimator.steps if isinstance(estimator, Pipeline) else [("", estimator)]
    return "as the Pipeline says: " + ", ".join(type(step).__name__ for _, step in steps)


def _in_words(step: Any) -> str:
    match step:
        case "passthrough":
            return "as they are; NaN is read as missing"
        case Pipeline():
            return ", ".join(_in_words(inner) for _, inner in step.steps)
        case SimpleImputer():
            return f"missing ones become the {step.strategy}"
        case StandardScaler():
            return "scaled to mean 0 and deviation 1"
        case MinMaxScaler():
            return "scaled to 0..1"
        case KBinsDiscretizer():
            return f"cut into {step.n_bins} bins of equal size"
        case _:
            return type(step).__name__
