"""Fitting, predicting and evaluating estimators on Arrow tables."""

from mlview.learners.catalogue import REFUSED
from mlview.learners.evaluation import (
    Evaluation,
    confusion_matrix,
    evaluate,
    fit_baseline,
    judge,
    primary_metric,
)
from mlview.learners.features import derive_roles
from mlview.learners.fit import fit, predict
from mlview.learners.importance import feature_importance, has_own_importance
from mlview.learners.methods import (
    ResolvedMethod,
    default_method,
    known_methods,
    register,
    registered_modules,
    resolve,
)
from mlview.learners.pipelines import wrap_pipeline
from mlview.learners.prediction import PredictionResult, output_schema
from mlview.learners.preprocessing import build_pipeline, describe_pipeline
from mlview.learners.protocol import Learner, ScikitLearner, Tags
from mlview.learners.roles import Feature, FeatureKind, Ignored, Roles
from mlview.learners.signatures import Fitted, Signature
from mlview.learners.tasks import Task

__all__ = [
    "REFUSED",
    "Evaluation",
    "Feature",
    "FeatureKind",
    "Fitted",
    "Ignored",
    "Learner",
    "PredictionResult",
    "ResolvedMethod",
    "Roles",
    "ScikitLearner",
    "Signature",
    "Tags",
    "Task",
    "build_pipeline",
    "confusion_matrix",
    "default_method",
    "derive_roles",
    "describe_pipeline",
    "evaluate",
    "feature_importance",
    "fit",
    "fit_baseline",
    "has_own_importance",
    "judge",
    "known_methods",
    "output_schema",
    "predict",
    "primary_metric",
    "register",
    "registered_modules",
    "resolve",
    "wrap_pipeline",
]
