"""Fitting, predicting and evaluating estimators on Arrow tables.

scikit-learn loads when a name is first used: most of what a database is asked needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.lazily import names_from

if TYPE_CHECKING:
    from mlview.learners.catalogue import REFUSED
    from mlview.learners.evaluation import (
        Evaluation,
        check_judgeable,
        confusion_matrix,
        evaluate,
        fit_baseline,
        judge,
        primary_metric,
    )
    from mlview.learners.features import derive_roles
    from mlview.learners.fitting import fit, predict
    from mlview.learners.importance import feature_importance, has_own_importance
    from mlview.learners.labels import label_task
    from mlview.learners.methods import (
        ResolvedMethod,
        default_method,
        known_methods,
        register,
        registered_modules,
        resolve,
    )
    from mlview.learners.parts import estimators
    from mlview.learners.pipelines import wrap_pipeline
    from mlview.learners.prediction import PredictionResult, output_schema
    from mlview.learners.preprocessing import build_pipeline, describe_pipeline
    from mlview.learners.roles import Feature, FeatureKind, Ignored, Roles
    from mlview.learners.signatures import Fitted, Signature
    from mlview.learners.tasks import Task

_HOMES = {
    "Evaluation": "mlview.learners.evaluation",
    "Feature": "mlview.learners.roles",
    "FeatureKind": "mlview.learners.roles",
    "Fitted": "mlview.learners.signatures",
    "Ignored": "mlview.learners.roles",
    "PredictionResult": "mlview.learners.prediction",
    "REFUSED": "mlview.learners.catalogue",
    "ResolvedMethod": "mlview.learners.methods",
    "Roles": "mlview.learners.roles",
    "Signature": "mlview.learners.signatures",
    "Task": "mlview.learners.tasks",
    "build_pipeline": "mlview.learners.preprocessing",
    "check_judgeable": "mlview.learners.evaluation",
    "confusion_matrix": "mlview.learners.evaluation",
    "default_method": "mlview.learners.methods",
    "derive_roles": "mlview.learners.features",
    "describe_pipeline": "mlview.learners.preprocessing",
    "estimators": "mlview.learners.parts",
    "evaluate": "mlview.learners.evaluation",
    "feature_importance": "mlview.learners.importance",
    "fit": "mlview.learners.fitting",
    "fit_baseline": "mlview.learners.evaluation",
    "has_own_importance": "mlview.learners.importance",
    "judge": "mlview.learners.evaluation",
    "known_methods": "mlview.learners.methods",
    "label_task": "mlview.learners.labels",
    "output_schema": "mlview.learners.prediction",
    "predict": "mlview.learners.fitting",
    "primary_metric": "mlview.learners.evaluation",
    "register": "mlview.learners.methods",
    "registered_modules": "mlview.learners.methods",
    "resolve": "mlview.learners.methods",
    "wrap_pipeline": "mlview.learners.pipelines",
}

__all__ = [
    "REFUSED",
    "Evaluation",
    "Feature",
    "FeatureKind",
    "Fitted",
    "Ignored",
    "PredictionResult",
    "ResolvedMethod",
    "Roles",
    "Signature",
    "Task",
    "build_pipeline",
    "check_judgeable",
    "confusion_matrix",
    "default_method",
    "derive_roles",
    "describe_pipeline",
    "estimators",
    "evaluate",
    "feature_importance",
    "fit",
    "fit_baseline",
    "has_own_importance",
    "judge",
    "known_methods",
    "label_task",
    "output_schema",
    "predict",
    "primary_metric",
    "register",
    "registered_modules",
    "resolve",
    "wrap_pipeline",
]

__getattr__ = names_from(__name__, _HOMES)
