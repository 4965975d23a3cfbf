"""Fitting, predicting and evaluating estimators on Arrow tables.

scikit-learn loads when a name is first used: most of what a database is asked needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.lazily import names_from

if TYPE_CHECKING:
    from mlview.learners.baselines import baseline_from
    from mlview.learners.catalogue import REFUSED
    from mlview.learners.continuing.doors import continuation, continue_fit, prepare
    from mlview.learners.continuing.outcomes import (
        CannotContinue,
        Continuable,
        Continued,
        NotContinuable,
    )
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
    from mlview.learners.keeping.sums import manifest_of, solved
    from mlview.learners.labels import label_task
    from mlview.learners.methods import (
        ResolvedMethod,
        default_method,
        importable_methods,
        known_methods,
        register,
        registered_modules,
        resolve,
    )
    from mlview.learners.moments.metrics import SquaredError, squared_error
    from mlview.learners.moments.solving import solve
    from mlview.learners.moments.spec import Maintained, NotMaintained, maintenance
    from mlview.learners.moments.state import Moments
    from mlview.learners.parts import estimators
    from mlview.learners.pipelines import wrap_pipeline
    from mlview.learners.prediction import PredictionResult, output_schema
    from mlview.learners.preprocessing import build_pipeline, describe_pipeline
    from mlview.learners.quality import LiveQuality, live_quality
    from mlview.learners.roles import Feature, FeatureKind, Ignored, Roles
    from mlview.learners.signatures import Fitted, Signature
    from mlview.learners.tasks import Task

_HOMES = {
    "manifest_of": "mlview.learners.keeping.sums",
    "solved": "mlview.learners.keeping.sums",
    "live_quality": "mlview.learners.quality",
    "LiveQuality": "mlview.learners.quality",
    "baseline_from": "mlview.learners.baselines",
    "CannotContinue": "mlview.learners.continuing.outcomes",
    "Continuable": "mlview.learners.continuing.outcomes",
    "Continued": "mlview.learners.continuing.outcomes",
    "Evaluation": "mlview.learners.evaluation",
    "Feature": "mlview.learners.roles",
    "FeatureKind": "mlview.learners.roles",
    "Fitted": "mlview.learners.signatures",
    "Ignored": "mlview.learners.roles",
    "Maintained": "mlview.learners.moments.spec",
    "Moments": "mlview.learners.moments.state",
    "NotContinuable": "mlview.learners.continuing.outcomes",
    "NotMaintained": "mlview.learners.moments.spec",
    "PredictionResult": "mlview.learners.prediction",
    "REFUSED": "mlview.learners.catalogue",
    "ResolvedMethod": "mlview.learners.methods",
    "Roles": "mlview.learners.roles",
    "Signature": "mlview.learners.signatures",
    "SquaredError": "mlview.learners.moments.metrics",
    "Task": "mlview.learners.tasks",
    "build_pipeline": "mlview.learners.preprocessing",
    "check_judgeable": "mlview.learners.evaluation",
    "confusion_matrix": "mlview.learners.evaluation",
    "continuation": "mlview.learners.continuing.doors",
    "continue_fit": "mlview.learners.continuing.doors",
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
    "importable_methods": "mlview.learners.methods",
    "known_methods": "mlview.learners.methods",
    "label_task": "mlview.learners.labels",
    "maintenance": "mlview.learners.moments.spec",
    "output_schema": "mlview.learners.prediction",
    "predict": "mlview.learners.fitting",
    "prepare": "mlview.learners.continuing.doors",
    "primary_metric": "mlview.learners.evaluation",
    "register": "mlview.learners.methods",
    "registered_modules": "mlview.learners.methods",
    "resolve": "mlview.learners.methods",
    "solve": "mlview.learners.moments.solving",
    "squared_error": "mlview.learners.moments.metrics",
    "wrap_pipeline": "mlview.learners.pipelines",
}

__all__ = [
    "REFUSED",
    "CannotContinue",
    "Continuable",
    "Continued",
    "Evaluation",
    "Feature",
    "FeatureKind",
    "Fitted",
    "Ignored",
    "LiveQuality",
    "Maintained",
    "Moments",
    "NotContinuable",
    "NotMaintained",
    "PredictionResult",
    "ResolvedMethod",
    "Roles",
    "Signature",
    "SquaredError",
    "Task",
    "baseline_from",
    "build_pipeline",
    "check_judgeable",
    "confusion_matrix",
    "continuation",
    "continue_fit",
    "default_method",
    "derive_roles",
    "describe_pipeline",
    "estimators",
    "evaluate",
    "feature_importance",
    "fit",
    "fit_baseline",
    "has_own_importance",
    "importable_methods",
    "judge",
    "known_methods",
    "label_task",
    "live_quality",
    "maintenance",
    "manifest_of",
    "output_schema",
    "predict",
    "prepare",
    "primary_metric",
    "register",
    "registered_modules",
    "resolve",
    "solve",
    "solved",
    "squared_error",
    "wrap_pipeline",
]

__getattr__ = names_from(__name__, _HOMES)
