"""What a learner has to do, and the one that scikit-learn's estimators share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlview.learners.evaluation import evaluate
from mlview.learners.fitting import fit
from mlview.learners.prediction import predict

if TYPE_CHECKING:
    import pyarrow as pa
    from sklearn.pipeline import Pipeline

    from mlview.learners.prediction import PredictionResult
    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Fitted
    from mlview.records import Metric


@dataclass(frozen=True, slots=True)
class Tags:
    """What a learner can do beside learning from all rows.

    Attributes:
        maintainable: update a fitted model from a delta, exactly.
        renderable: write a fitted model as SQL.
    """

    maintainable: bool = False
    renderable: bool = False


class Learner(Protocol):
    """Fits, predicts and judges models on Arrow tables."""

    tags: Tags

    def fit(self, pipeline: Pipeline, roles: Roles, data: pa.Table, *, seed: int) -> Fitted:
        """A model of the labelled rows, in their order."""

    def predict(self, fitted: Fitted, data: pa.Table) -> PredictionResult:
        """The prediction columns for every row."""

    def evaluate(
        self, fitted: Fitted, data: pa.Table, baseline: Fitted | None = None
    ) -> tuple[Metric, ...]:
        """Metrics on rows the model was not trained on."""


class ScikitLearner:
    """Any estimator with scikit-learn's interface, LightGBM and XGBoost included."""

    tags = Tags()

    def fit(self, pipeline: Pipeline, roles: Roles, data: pa.Table, *, seed: int) -> Fitted:
        """As `mlview.learners.fit`."""
        return fit(pipeline, roles, data, seed=seed)

    def predict(self, fitted: Fitted, data: pa.Table) -> PredictionResult:
        """As `mlview.learners.predict`."""
        return predict(fitted, data)

    def evaluate(
        self, fitted: Fitted, data: pa.Table, baseline: Fitted | None = None
    ) -> tuple[Metric, ...]:
        """As `mlview.learners.evaluate`."""
        return evaluate(fitted, data, baseline)
