"""Every estimator of scikit-learn trains, stores, loads and predicts alike, or says why not."""

from __future__ import annotations

import inspect
import warnings
from functools import cache
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest
from sklearn import base
from sklearn.utils import all_estimators

from mlview.definitions import Method, Model, Name
from mlview.errors import DefinitionRefused
from mlview.learners import (
    REFUSED,
    Fitted,
    Signature,
    Task,
    build_pipeline,
    derive_roles,
    fit,
    predict,
    resolve,
)
from mlview.learners.catalogue import BOOSTERS, SCIKIT_LEARN
from mlview.records import Column
from mlview.storage.payloads import dump, load

TYPES = {
    "x": "DOUBLE",
    "size": "INTEGER",
    "city": "VARCHAR",
    "flag": "BOOLEAN",
    "amount": "DOUBLE",
    "late": "BOOLEAN",
    "level": "VARCHAR",
}
PARAMETERS = {
    # One target leaves one direction to project on.
    "CCA": {"n_components": 1},
    "PLSCanonical": {"n_components": 1},
    # The default dimension follows from the number of rows and is far beyond this table's.
    "GaussianRandomProjection": {"n_components": 3},
    "SparseRandomProjection": {"n_components": 3},
    "LocalOutlierFactor": {"novelty": True},
    "NuSVC": {"nu": 0.2},
    # This solver leaves its components in reversed memory, which no file keeps.
    "PCA": {"svd_solver": "arpack", "n_components": 2},
    # Fewer trees and steps: this suite is about storing, not about learning well.
    "AdaBoostClassifier": {"n_estimators": 5},
    "AdaBoostRegressor": {"n_estimators": 5},
    "ExtraTreesClassifier": {"n_estimators": 5},
    "ExtraTreesRegressor": {"n_estimators": 5},
    "GradientBoostingClassifier": {"n_estimators": 5},
    "GradientBoostingRegressor": {"n_estimators": 5},
    "HistGradientBoostingClassifier": {"max_iter": 5},
    "HistGradientBoostingRegressor": {"max_iter": 5},
    "IsolationForest": {"n_estimators": 5},
    "LGBMClassifier": {"n_estimators": 5},
    "LGBMRegressor": {"n_estimators": 5},
    "MLPClassifier": {"max_iter": 20},
    "MLPRegressor": {"max_iter": 20},
    "RandomForestClassifier": {"n_estimators": 5},
    "RandomForestRegressor": {"n_estimators": 5},
    "RandomTreesEmbedding": {"n_estimators": 5},
    "XGBClassifier": {"n_estimators": 5},
    "XGBRFClassifier": {"n_estimators": 5},
    "XGBRFRegressor": {"n_estimators": 5},
    "XGBRegressor": {"n_estimators": 5},
}
ONE_NUMBER = {"IsotonicRegression"}
KNOWN = {**SCIKIT_LEARN, **{n: m for n, m in BOOSTERS.items() if find_spec(m[0]) is not None}}


def mixed_table() -> pa.Table:
    random = np.random.default_rng(7)
    rows = 90
    x, size = random.normal(size=rows), random.integers(0, 50, rows)
    amount = 10 + 2 * x + size / 10 + random.normal(size=rows) / 2
    cities = random.choice(np.array(["Ulm", "Köln", "São Paulo", None], dtype=object), rows)
    return pa.table(
        {
            "x": pa.array(x, mask=random.random(rows) < 0.1),
            "size": pa.array(size, pa.int32()),
            "city": pa.array(cities.tolist(), pa.string()),
            "flag": pa.array([bool(b) if b < 2 else None for b in random.integers(0, 3, rows)]),
            "amount": pa.array(amount),
            "late": pa.array((amount + random.normal(size=rows) > 12.5).tolist()),
            "level": pa.array(
                np.where(amount > 14, "high", np.where(amount > 11, "middle", "low")).tolist()
            ),
        }
    )


TABLE = mixed_table()


def targets(task: Task) -> list[str | None]:
    match task:
        case Task.CLASSIFICATION:
            return ["late", "level"]
        case Task.REGRESSION:
            return ["amount"]
        case _:
            return [None]


CASES = [(name, target) for name, (_, task) in KNOWN.items() for target in targets(task)]


@cache
def trained(name: str, target: str | None) -> tuple[Fitted, pa.Table]:
    return train(name, target)


def train(name: str, target: str | None) -> tuple[Fitted, pa.Table]:
    features = ["x"] if name in ONE_NUMBER else ["x", "size", "city", "flag"]
    data = TABLE.select([*features, *([target] if target else [])])
    method = Method(name, tuple(PARAMETERS.get(name, {}).items()))
    definition = Model(name=Name("m"), query="", target=target, method=method)
    roles = derive_roles([Column(c, TYPES[c]) for c in data.column_names], data, definition)
    resolved = resolve(method, roles.task)
    return fit(build_pipeline(roles, resolved, 3, data.num_rows), roles, data, seed=3), data


@pytest.mark.parametrize(("name", "target"), CASES)
def test_a_stored_estimator_predicts_bit_identically_and_fits_the_same_again(name, target):
    fitted, data = trained(name, target)
    before = predict(fitted, data).table
    loaded = Fitted(load(dump(fitted.pipeline)), Signature.from_json(fitted.signature.to_json()))
    assert predict(loaded, data).table.equals(before)
    again, _ = train(name, target)
    assert predict(again, data).table.equals(before)


@pytest.mark.parametrize(("name", "target"), CASES)
def test_predictions_have_the_declared_columns_for_no_row_one_row_and_unseen_values(name, target):
    fitted, data = trained(name, target)
    names = [c.name for c in fitted.signature.outputs]
    strange = pa.table(
        {"X": [0.5], "SIZE": pa.array([7], pa.int8()), "city": ["Oz"], "flag": [None]}
    )
    for rows in (data.slice(0, 0), data.slice(0, 1), strange):
        answer = predict(fitted, rows).table
        assert answer.column_names == names
        assert answer.num_rows == rows.num_rows


def test_every_estimator_of_scikit_learn_is_known_or_refused_with_a_reason():
    names = {name for name, _ in all_estimators()}
    assert names <= {*SCIKIT_LEARN, *REFUSED}
    assert not {*SCIKIT_LEARN} & {*REFUSED}
    assert set(SCIKIT_LEARN) <= names


def test_the_modules_in_the_catalogue_hold_their_estimators():
    classes = dict(all_estimators())
    for name, (module, _) in SCIKIT_LEARN.items():
        assert getattr(__import__(module, fromlist=[name]), name) is classes[name]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_estimator_is_refused_by_name_with_its_reason(name):
    with pytest.raises(DefinitionRefused) as refusal:
        resolve(Method(name))
    assert refusal.value.hint == REFUSED[name]


def test_nothing_is_refused_that_would_work():
    classes = dict(all_estimators())
    for name in set(REFUSED) & set(classes):
        required = [
            p
            for p in inspect.signature(classes[name]).parameters.values()
            if p.default is p.empty and p.kind is not p.VAR_KEYWORD
        ]
        assert required or not works(name, classes[name]), name


def works(name, estimator):
    """Whether a class answers new rows after fitting, and can be stored."""
    task = next((t for t, m in MIXINS.items() if issubclass(estimator, m)), None)
    if task is None or not (hasattr(estimator, "predict") or hasattr(estimator, "transform")):
        return False
    random = np.random.default_rng(0)
    matrix, label = random.random((40, 3)), random.integers(0, 2, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = estimator().fit(matrix, label)
            fitted.predict(matrix[:5])
            dump(fitted)
        except Exception:  # noqa: BLE001 - any failure is a reason to refuse
            return False
    return True


MIXINS = {
    Task.CLASSIFICATION: base.ClassifierMixin,
    Task.REGRESSION: base.RegressorMixin,
    Task.CLUSTERING: base.ClusterMixin,
    Task.OUTLIERS: base.OutlierMixin,
}
