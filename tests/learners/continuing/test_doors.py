from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlview.errors import RefreshProblem
from mlview.learners import (
    CannotContinue,
    Fitted,
    NotContinuable,
    Signature,
    continuation,
    continue_fit,
    fit,
    prepare,
    wrap_pipeline,
)
from mlview.storage.payloads import dump, load

NEWTON = [
    ("LogisticRegression", "late", {}),
    ("LogisticRegression", "level", {}),
    ("PoissonRegressor", "visits", {"alpha": 1e-3}),
    ("GammaRegressor", "amount", {}),
    ("TweedieRegressor", "visits", {"power": 1.5}),
    ("KMeans", None, {}),
]
INSERTS_ONLY = [
    ("HistGradientBoostingClassifier", "late", {"max_iter": 20}),
    ("HistGradientBoostingClassifier", "level", {"max_iter": 10, "max_features": 0.5}),
    ("HistGradientBoostingRegressor", "visits", {"max_iter": 20, "loss": "poisson"}),
    ("LGBMClassifier", "level", {"n_estimators": 20}),
    ("LGBMRegressor", "amount", {"n_estimators": 20, "subsample": 0.7, "subsample_freq": 1}),
    ("XGBClassifier", "late", {"n_estimators": 20}),
    ("XGBClassifier", "level", {"n_estimators": 20}),
    ("XGBRegressor", "amount", {"n_estimators": 20, "subsample": 0.7}),
    ("SGDClassifier", "late", {"loss": "log_loss"}),
    ("SGDRegressor", "amount", {"average": True}),
    ("SGDOneClassSVM", None, {}),
    ("Perceptron", "level", {}),
    ("PassiveAggressiveRegressor", "amount", {}),
    ("MLPClassifier", "level", {"max_iter": 5}),
    ("MLPRegressor", "amount", {"max_iter": 5, "solver": "sgd"}),
    ("GaussianNB", "level", {}),
    ("CategoricalNB", "late", {}),
    ("MiniBatchKMeans", None, {"max_iter": 1, "n_init": 1, "batch_size": 50}),
    ("IncrementalPCA", None, {"n_components": 3}),
    ("MiniBatchNMF", None, {"n_components": 3}),
    ("MiniBatchDictionaryLearning", None, {"n_components": 3, "max_iter": 5}),
    ("LatentDirichletAllocation", None, {"n_components": 3, "max_iter": 3}),
    ("BernoulliRBM", None, {"n_components": 3, "n_iter": 3}),
]
ALL = [*NEWTON, *INSERTS_ONLY]


@pytest.mark.parametrize(("name", "target", "parameters"), ALL)
def test_a_continuation_is_another_model_and_a_pure_function_of_what_it_is_given(
    case, old, new, name, target, parameters
):
    this = case(name, target, **parameters)
    fitted = this.fit(old)
    state, before = this.prepare(fitted, old), this.answers(fitted, new)
    continued = this.on(fitted, state, new)
    assert this.answers(fitted, new).equals(before), "the given model changed"
    after = this.answers(continued.fitted, new)
    assert not after.equals(before)

    stored = Fitted(load(dump(fitted.pipeline)), Signature.from_json(fitted.signature.to_json()))
    again = this.on(stored, state, new)
    assert this.answers(again.fitted, new).equals(after), "it matters whether it was loaded"
    assert again.state == continued.state

    twice = this.on(again.fitted, again.state, new, steps=1)
    kept = Fitted(load(dump(twice.fitted.pipeline)), fitted.signature)
    assert this.answers(kept, new).equals(this.answers(twice.fitted, new))
    assert kept.pipeline.get_params().keys() == fitted.pipeline.get_params().keys()


@pytest.mark.parametrize(("name", "target", "parameters"), NEWTON)
def test_sums_take_deleted_rows(case, old, new, name, target, parameters):
    this = case(name, target, **parameters)
    fitted = this.fit(old)
    assert this.continuation(old).takes_deletes
    continued = this.on(fitted, this.prepare(fitted, old), new.slice(0, 0), old.slice(0, 20))
    assert "20 deleted rows" in continued.said


@pytest.mark.parametrize(("name", "target", "parameters"), INSERTS_ONLY[2:13:5])
def test_what_cannot_be_unlearned_needs_a_full_fit(case, old, new, name, target, parameters):
    this = case(name, target, **parameters)
    fitted = this.fit(old)
    assert not this.continuation(old).takes_deletes
    with pytest.raises(CannotContinue, match="1 rows were deleted"):
        this.on(fitted, this.prepare(fitted, old), new, old.slice(0, 1))


def test_unlabelled_rows_neither_come_nor_go(case, old, new):
    this = case("SGDClassifier", "late")
    fitted = this.fit(old)
    nowhere = new.set_column(
        new.schema.get_field_index("late"), "late", pa.nulls(new.num_rows, pa.bool_())
    )
    continued = this.on(fitted, None, nowhere, nowhere)
    assert continued.fitted is fitted
    assert this.answers(this.on(fitted, None, pa.concat_tables([nowhere, new])).fitted, new).equals(
        this.answers(this.on(fitted, None, new).fitted, new)
    )


@pytest.mark.parametrize(("name", "target", "parameters"), ALL[:13:3])
def test_a_full_fit_is_due_after_some_continuations(case, old, new, name, target, parameters):
    this = case(name, target, **parameters)
    fitted = this.fit(old)
    with pytest.raises(CannotContinue, match="a full fit is due"):
        this.on(fitted, this.prepare(fitted, old), new, steps=this.continuation(old).full_every)


def with_label(table, name, value):
    column = pa.array([value] * table.num_rows, table.schema.field(name).type)
    return table.set_column(table.schema.get_field_index(name), name, column)


@pytest.mark.parametrize("name", ["LogisticRegression", "SGDClassifier", "GaussianNB"])
def test_a_class_never_seen_needs_a_full_fit(case, old, new, name):
    this = case(name, "level")
    fitted = this.fit(old)
    with pytest.raises(CannotContinue, match=r"a class never seen in 3 rows.*'z'") as problem:
        this.on(
            fitted,
            this.prepare(fitted, old),
            pa.concat_tables([new, with_label(new.slice(0, 3), "level", "z")]),
        )
    assert isinstance(problem.value, RefreshProblem)
    assert problem.value.hint


@pytest.mark.parametrize("name", ["LogisticRegression", "SGDClassifier", "KMeans"])
def test_many_new_categories_need_a_full_fit_and_few_are_told(case, old, new, name):
    this = case(name, None if name == "KMeans" else "late")
    fitted = this.fit(old)
    state = this.prepare(fitted, old)
    few = pa.concat_tables([new, with_label(new.slice(0, 2), "c0", "never")])
    assert "never seen were ignored in c0" in this.on(fitted, state, few).said
    many = pa.concat_tables([new, with_label(new.slice(0, 40), "c0", "never")])
    with pytest.raises(CannotContinue, match="40 of 440 inserted rows have a value of 'c0'"):
        this.on(fitted, state, many)


def test_a_missing_category_is_new_where_there_was_none(case, old, new):
    this = case("LogisticRegression", "late")
    whole = old.filter(old["c1"].is_valid())
    fitted = this.fit(whole)
    with pytest.raises(CannotContinue, match="'c1' never seen"):
        this.on(fitted, this.prepare(fitted, whole), with_label(new, "c1", None))


def test_new_categories_are_missing_values_to_trees(case, old, new):
    this = case("HistGradientBoostingClassifier", "late", max_iter=10)
    fitted = this.fit(old)
    assert this.on(fitted, this.prepare(fitted, old), with_label(new, "c0", "never")).fitted


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("x1", np.inf, "'x1' is infinite in 400 rows"),
        ("visits", np.nan, "'visits' is NaN in 400 rows"),
        ("visits", -np.inf, "'visits' is infinite"),
        ("visits", -1.0, "out of the range that PoissonRegressor takes"),
    ],
)
def test_values_that_cannot_be_learned_from_are_left_to_the_full_fit(
    case, old, new, column, value, words
):
    this = case("PoissonRegressor", "visits")
    fitted = this.fit(old)
    with pytest.raises(CannotContinue, match=words):
        this.on(fitted, this.prepare(fitted, old), with_label(new, column, value))


def test_columns_of_another_type_need_a_full_fit(case, old, new):
    this = case("SGDClassifier", "late")
    position = new.schema.get_field_index("x1")
    with pytest.raises(CannotContinue, match="the feature 'x1' is DOUBLE, found VARCHAR"):
        this.on(
            this.fit(old),
            None,
            new.set_column(position, "x1", pa.array(["?"] * new.num_rows)),
        )


@pytest.mark.parametrize(
    ("state", "words"),
    [(None, "no state was kept"), (b"PK\x03\x04", "cannot be read"), (b"", "cannot be read")],
)
@pytest.mark.parametrize("name", ["LogisticRegression", "HistGradientBoostingClassifier"])
def test_without_its_state_a_model_needs_a_full_fit(case, old, new, name, state, words):
    this = case(name, "late")
    with pytest.raises(CannotContinue, match=words):
        this.on(this.fit(old), state, new)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("LogisticRegression", "late"), ("KMeans", None)),
        (("HistGradientBoostingClassifier", "late"), ("KMeans", None)),
        (("KMeans", None), ("LogisticRegression", "late")),
        (("LogisticRegression", "late"), ("LogisticRegression", "level")),
    ],
)
def test_the_state_of_another_model_is_not_taken(case, old, new, one, other):
    this, that = case(*one), case(*other)
    state = that.prepare(that.fit(old), old)
    with pytest.raises(CannotContinue, match=r"of (another kind|other columns)"):
        this.on(this.fit(old), state, new)


def test_a_users_own_pipeline_is_not_continued(case, old, new):
    assert "as a whole" in continuation(case("KMeans").roles(old), None).reason
    numbers = old.select(["x1", "x2", "late"])
    this = case("LogisticRegression", "late")
    roles = this.tools.roles_of(numbers, "late", this.method)
    own = wrap_pipeline(make_pipeline(StandardScaler(), LogisticRegression()), roles)
    fitted = fit(own, roles, numbers, seed=0)
    assert prepare(fitted, numbers) is None
    with pytest.raises(CannotContinue, match="as a whole"):
        continue_fit(
            fitted, None, new.select(numbers.column_names), numbers.slice(0, 0), seed=0, steps=0
        )


@pytest.mark.parametrize(
    ("name", "target", "parameters", "words"),
    [
        ("RandomForestClassifier", "late", {}, "all of its rows at once"),
        ("LogisticRegressionCV", "late", {}, "all of its rows at once"),
        ("GradientBoostingClassifier", "late", {}, "all of its rows at once"),
        ("XGBRFClassifier", "late", {}, "random forest"),
        ("LGBMClassifier", "late", {"boosting_type": "dart"}, "changes its old trees"),
        ("XGBClassifier", "late", {"booster": "gblinear"}, "changes its old trees"),
        ("LogisticRegression", "late", {"l1_ratio": 1.0, "solver": "saga"}, "L1"),
        ("LogisticRegression", "late", {"class_weight": "balanced"}, "weighs every row anew"),
        ("SGDClassifier", "late", {"early_stopping": True}, "held out"),
        ("MLPClassifier", "late", {"solver": "lbfgs"}, "all of its rows at once"),
        ("TweedieRegressor", "visits", {"power": 1.5, "link": "identity"}, "boundary"),
    ],
)
def test_what_is_not_continued_says_why(case, old, name, target, parameters, words):
    found = case(name, target, **parameters).continuation(old)
    assert isinstance(found, NotContinuable)
    assert words in found.reason


@pytest.mark.parametrize(
    ("name", "target", "parameters", "how"),
    [
        ("LogisticRegression", "late", {"solver": "liblinear"}, "one Newton step on the delta"),
        ("KMeans", None, {}, "one Lloyd step on the delta"),
        ("SGDRegressor", "amount", {}, "partial_fit on inserted rows"),
        ("LGBMClassifier", "late", {}, "10 more trees on inserted rows"),
        ("XGBRegressor", "amount", {"n_estimators": 5}, "1 more tree on inserted rows"),
        ("HistGradientBoostingRegressor", "amount", {"max_iter": 250}, "25 more trees on"),
    ],
)
def test_how_it_is_continued_is_told_without_data(case, old, name, target, parameters, how):
    assert case(name, target, **parameters).continuation(old).how.startswith(how)
