from __future__ import annotations

import subprocess
import sys

import pytest
from sklearn.linear_model import Ridge

from mlview.definitions import Method
from mlview.errors import DefinitionRefused, UnknownName
from mlview.learners import Task, default_method, known_methods, methods, register, resolve


def test_a_method_is_found_by_its_class_name_in_any_case():
    assert resolve(Method("RANDOMFORESTclassifier")).name == "RandomForestClassifier"


def test_an_unknown_method_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'LogisticRegression'"):
        resolve(Method("LogisticRegresion"))


def test_an_unknown_parameter_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'max_depth'"):
        resolve(Method("DecisionTreeRegressor", (("max_dept", 3),)))


@pytest.mark.parametrize("name", ["LGBMClassifier", "XGBClassifier"])
def test_a_booster_has_its_own_parameters_and_refuses_others(name):
    assert resolve(Method(name, (("reg_lambda", 1.0),))).parameters == (("reg_lambda", 1.0),)
    with pytest.raises(UnknownName):
        resolve(Method(name, (("no_such_thing_at_all", 1),)))


def test_a_value_outside_the_constraint_names_what_is_allowed():
    with pytest.raises(DefinitionRefused, match=r"float in the range \[0\.0, inf\)"):
        resolve(Method("Ridge", (("alpha", -1),)))


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(DefinitionRefused, match="twice"):
        resolve(Method("Ridge", (("alpha", 1), ("ALPHA", 2))))


def test_parameters_keep_their_given_case_only_where_it_decides():
    assert resolve(Method("SVC", (("c", 2.0),))).parameters == (("C", 2.0),)


def test_a_method_for_another_task_suggests_its_sibling():
    with pytest.raises(DefinitionRefused) as refusal:
        resolve(Method("RandomForestRegressor"), Task.CLASSIFICATION)
    assert refusal.value.hint == "USING RandomForestClassifier"


def test_every_task_has_a_default_that_resolves_to_it():
    for task in Task:
        assert resolve(None, task).task is task
        assert resolve(default_method(task)).task is task
    with pytest.raises(DefinitionRefused, match="PREDICT"):
        resolve(None)


def test_an_outlier_factor_needs_novelty():
    with pytest.raises(DefinitionRefused, match="novelty"):
        resolve(Method("LocalOutlierFactor"))


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(methods, "_REGISTERED", {})


def test_a_registered_path_is_importable_and_a_callable_is_not(registry):
    register("Steady", "sklearn.linear_model:Ridge")
    register("Local", lambda alpha=1.0: Ridge(alpha=alpha))
    assert resolve(Method("steady")).importable
    local = resolve(Method("local", (("alpha", 2.0),)))
    assert not local.importable
    assert local.make().alpha == 2.0
    assert {"Steady", "Local"} <= set(known_methods())


def test_a_registered_name_cannot_hide_an_estimator(registry):
    with pytest.raises(DefinitionRefused, match="already"):
        register("ridge", Ridge)


def test_a_registered_path_that_cannot_be_imported_says_so(registry):
    register("Gone", "no_such_module:Thing")
    with pytest.raises(DefinitionRefused, match="no_such_module"):
        resolve(Method("Gone"))


def test_boosters_are_not_imported_until_they_are_used():
    code = "import mlview.learners, sys; sys.exit('lightgbm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
