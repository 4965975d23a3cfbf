"""What a fitted model takes and gives, apart from how it computes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlview.learners.roles import Feature, FeatureKind
from mlview.learners.tasks import Task
from mlview.records import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.pipeline import Pipeline

Label = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Signature:
    """The columns a model reads and the columns it answers with.

    Attributes:
        target: the label's column, None for an unsupervised model.
        task: what is answered.
        features: the columns read, in the order of the feature matrix.
        classes: the label's values in the order of `predict_proba`'s columns; () for regression.
        class_type: the label's DuckDB type; None where there are no classes.
        outputs: names and DuckDB types of the prediction columns.
        method: the estimator's class name.
        importable: False where only the process that registered the method can load it.
        coded: whether the estimator was given positions in `classes` instead of the labels.
    """

    target: str | None
    task: Task
    features: tuple[Feature, ...]
    classes: tuple[Label, ...]
    class_type: str | None
    outputs: tuple[Column, ...]
    method: str
    importable: bool = True
    coded: bool = False

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `from_json` reads it back as an equal signature."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Signature:
        """The signature that `to_json` wrote."""
        return cls(
            target=value["target"],
            task=Task(value["task"]),
            features=tuple(
                Feature(f["name"], f["type"], FeatureKind(f["kind"]), f["levels"])
                for f in value["features"]
            ),
            classes=tuple(value["classes"]),
            class_type=value["class_type"],
            outputs=tuple(Column(c["name"], c["type"]) for c in value["outputs"]),
            method=value["method"],
            importable=value["importable"],
            coded=value["coded"],
        )


@dataclass(slots=True)
class Fitted:
    """A fitted pipeline, what it takes and gives, and what was noticed while fitting."""

    pipeline: Pipeline
    signature: Signature
    notices: tuple[str, ...] = ()


def output_columns(
    target: str | None,
    task: Task,
    class_type: str | None,
    n_classes: int,
    *,
    probabilities: bool,
    components: int = 0,
) -> tuple[Column, ...]:
    """The prediction columns of a model.

    >>> [c.name for c in output_columns("late", Task.CLASSIFICATION, "BOOLEAN", 2,
    ...                                 probabilities=True)]
    ['predicted_late', 'predicted_late_prob']
    """
    match task:
        case Task.REGRESSION:
            return (Column(f"predicted_{target}", "DOUBLE"),)
        case Task.CLASSIFICATION:
            label = Column(f"predicted_{target}", class_type or "VARCHAR")
            if not probabilities:
                return (label,)
            if n_classes == 2:  # noqa: PLR2004 - two classes have one probability
                return (label, Column(f"predicted_{target}_prob", "DOUBLE"))
            return (label, Column(f"predicted_{target}_probs", "MAP(VARCHAR, DOUBLE)"))
        case Task.CLUSTERING:
            return (Column("cluster", "INTEGER"),)
        case Task.DECOMPOSITION:
            return tuple(Column(f"component_{i + 1}", "DOUBLE") for i in range(components))
        case Task.OUTLIERS:
            return (Column("anomaly_score", "DOUBLE"),)
