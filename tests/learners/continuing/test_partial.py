from __future__ import annotations

import numpy as np
import pytest

from mlview.learners import CannotContinue


@pytest.mark.parametrize("name", ["MultinomialNB", "ComplementNB", "BernoulliNB", "GaussianNB"])
def test_naive_bayes_is_the_full_fit_with_the_same_preprocessing(case, data, old, new, name):
    this = case(name, "level")
    fitted = this.fit(old)
    continued = this.on(fitted, None, new)
    rows = this.fit(old).pipeline[:-1]
    method = fitted.pipeline.steps[-1][1].__class__()
    frame = this.cut(data).to_pandas()
    matrix = rows.transform(frame)
    method.fit(matrix, frame["level"])
    expected = method.predict_proba(matrix)
    found = continued.fitted.pipeline.steps[-1][1].predict_proba(matrix)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_linear_model_moves_towards_the_inserted_rows(case, old, new):
    this = case("SGDRegressor", "amount")
    fitted = this.fit(old)
    state, raised = (
        None,
        new.set_column(
            new.schema.get_field_index("amount"), "amount", [np.add(new["amount"].to_numpy(), 3)]
        ),
    )
    before = this.answers(fitted, new).column(0).to_numpy().mean()
    for step in range(3):
        continued = this.on(fitted, state, raised, steps=step)
        fitted, state = continued.fitted, continued.state
    assert this.answers(fitted, new).column(0).to_numpy().mean() > before + 0.1


def test_every_continuation_has_a_seed_of_its_own_and_the_users_stays(case, old, new):
    this = case("SGDClassifier", "late", random_state=5)
    fitted = this.fit(old)
    one, two = (this.on(fitted, None, new, steps=step) for step in (0, 1))
    assert one.fitted.pipeline.get_params()["method__random_state"] == 5
    assert not this.answers(one.fitted, new).equals(this.answers(two.fitted, new)) or not (
        np.array_equal(
            one.fitted.pipeline.steps[-1][1].coef_, two.fitted.pipeline.steps[-1][1].coef_
        )
    )


def test_what_a_method_refuses_needs_a_full_fit(case, old, new):
    this = case("SGDClassifier", "late")
    fitted = this.fit(old)
    fitted.pipeline.steps[-1][1].set_params(loss="none")
    with pytest.raises(CannotContinue, match="SGDClassifier refused the rows"):
        this.on(fitted, None, new)


def test_nothing_is_kept_beside_the_artifact(case, old):
    this = case("SGDClassifier", "late")
    assert this.prepare(this.fit(old), old) is None
