from __future__ import annotations

import numpy as np
import pytest
from sklearn._loss import (
    HalfBinomialLoss,
    HalfGammaLoss,
    HalfMultinomialLoss,
    HalfPoissonLoss,
    HalfSquaredError,
    HalfTweedieLoss,
)

from mlview.learners.continuing.losses import Binary, Multinomial, Squared, Tweedie

LOSSES = [
    (Binary(), HalfBinomialLoss(), 1),
    (Multinomial(), HalfMultinomialLoss(n_classes=3), 3),
    (Tweedie(1.0), HalfPoissonLoss(), 1),
    (Tweedie(2.0), HalfGammaLoss(), 1),
    (Tweedie(1.5), HalfTweedieLoss(power=1.5), 1),
    (Tweedie(3.0), HalfTweedieLoss(power=3.0), 1),
    (Squared(), HalfSquaredError(), 1),
]


@pytest.fixture(params=LOSSES, ids=lambda given: type(given[1]).__name__)
def drawn(request):
    loss, theirs, outputs = request.param
    random = np.random.default_rng(2)
    scores = random.normal(size=(50, outputs))
    label = random.integers(0, max(2, outputs), 50) + 0.0
    if isinstance(loss, (Tweedie, Squared)):
        label = random.gamma(2, size=50)
    return loss, theirs, scores, label


def test_slopes_are_those_that_scikit_learn_minimizes_with(drawn):
    loss, theirs, scores, label = drawn
    raw = scores if scores.shape[1] > 1 else scores[:, 0]
    expected = theirs.gradient(y_true=label, raw_prediction=raw)
    np.testing.assert_allclose(loss.slope(scores, label), expected.reshape(scores.shape), rtol=1e-9)


def test_bends_are_the_slopes_of_slopes(drawn):
    loss, _, scores, label = drawn
    for other in range(scores.shape[1]):
        nudge = np.zeros_like(scores)
        nudge[:, other] = 1e-6
        found = (loss.slope(scores + nudge, label) - loss.slope(scores - nudge, label)) / 2e-6
        for one in range(scores.shape[1]):
            np.testing.assert_allclose(
                loss.bend(scores, label, one, other), found[:, one], atol=1e-7, rtol=1e-6
            )


@pytest.mark.parametrize(
    ("loss", "label", "accepted"),
    [
        (Tweedie(1.0), 0.0, True),
        (Tweedie(1.0), -1.0, False),
        (Tweedie(2.0), 0.0, False),
        (Tweedie(2.0), 0.5, True),
        (Tweedie(0.0), -1.0, True),
        (Squared(), -1.0, True),
        (Binary(), 2.0, False),
    ],
)
def test_labels_have_a_range(loss, label, accepted):
    assert loss.accepts(np.array([label])) is accepted
    assert loss.accepts(np.array([]))
