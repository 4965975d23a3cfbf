"""Every estimator of scikit-learn trains, stores, loads and predicts alike, or says why not."""

from __future__ import annotations

import inspect
import warnings
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn import base
from sklearn.utils import all_estimators

from mlview.definitions import Method
from mlview.errors import DefinitionRefused
from mlview.learners import REFUSED, Fitted, Task, predict, resolve
from mlview.learners.catalogue import BOOSTERS, SCIKIT_LEARN
from mlview.storage.payloads import dump
from mlview.testing import LEARNER_CONTRACT
from mlview.testing.learners import train

if TYPE_CHECKING:
    import pyarrow as pa

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
    features = ("x",) if name in ONE_NUMBER else ("x", "size", "city", "flag")
    return train(name, target, PARAMETERS.get(name), features)


@pytest.mark.parametrize(("name", "target"), CASES)
@pytest.mark.parametrize("clause", LEARNER_CONTRACT, ids=lambda clause: clause.__name__.strip("_"))
def test_an_estimator_keeps_the_contract(name, target, clause):
    clause(*trained(name, target))


@pytest.mark.parametrize(("name", "target"), CASES)
def test_an_estimator_fits_the_same_again(name, target):
    fitted, data = trained(name, target)
    again, _ = trained.__wrapped__(name, target)
    assert predict(again, data).table.equals(predict(fitted, data).table)


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
