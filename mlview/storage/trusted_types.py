"""The types an artifact may hold beside those skops trusts itself, per scikit-learn minor.

Found by storing every estimator of the contract suite with every option it has, and reviewed: each
is a class or a pure function of scikit-learn, numpy, LightGBM or XGBoost that opens no file and
runs no code it is given. scipy.stats distributions are not on it: they execute text from their
state. `functools.partial` is listed because what it wraps is checked by itself.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from mlview.errors import ArtifactRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCIKIT_LEARN_1_9 = frozenset(
    [
        "functools.partial",
    "numpy.dtype",
    "numpy.mean",
        "scipy.sparse._csc.csc_array",
        "scipy.sparse._csc.csc_matrix",
        "scipy.sparse._csr.csr_array",
        "scipy.sparse._csr.csr_matrix",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.CompoundKernel",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.ExpSineSquared",
    "sklearn.gaussian_process.kernels.Exponentiation",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.PairwiseKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.metrics._dist_metrics.BrayCurtisDistance64",
    "sklearn.metrics._dist_metrics.CanberraDistance64",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.DiceDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.HammingDistance64",
    "sklearn.metrics._dist_metrics.HaversineDistance64",
    "sklearn.metrics._dist_metrics.JaccardDistance64",
    "sklearn.metrics._dist_metrics.MahalanobisDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.metrics._dist_metrics.RogersTanimotoDistance64",
    "sklearn.metrics._dist_metrics.RussellRaoDistance64",
    "sklearn.metrics._dist_metrics.SEuclideanDistance64",
    "sklearn.metrics._dist_metrics.SokalMichenerDistance64",
    "sklearn.metrics._dist_metrics.SokalSneathDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
    ]
)  # fmt: skip

# What users' own Pipelines hold: searches, selections, thresholds.
_PIPELINES = frozenset(
    [
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.compose._column_transformer.make_column_selector",
        "sklearn.feature_selection._mutual_info.mutual_info_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_regression",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_oneway",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.feature_selection._univariate_selection.r_regression",
        "sklearn.metrics._classification.accuracy_score",
        "sklearn.metrics._classification.balanced_accuracy_score",
        "sklearn.metrics._classification.brier_score_loss",
        "sklearn.metrics._classification.d2_brier_score",
        "sklearn.metrics._classification.d2_log_loss_score",
        "sklearn.metrics._classification.f1_score",
        "sklearn.metrics._classification.jaccard_score",
        "sklearn.metrics._classification.log_loss",
        "sklearn.metrics._classification.matthews_corrcoef",
        "sklearn.metrics._classification.precision_score",
        "sklearn.metrics._classification.recall_score",
        "sklearn.metrics._ranking.average_precision_score",
        "sklearn.metrics._ranking.roc_auc_score",
        "sklearn.metrics._ranking.top_k_accuracy_score",
        "sklearn.metrics._regression.d2_absolute_error_score",
        "sklearn.metrics._regression.explained_variance_score",
        "sklearn.metrics._regression.max_error",
        "sklearn.metrics._regression.mean_absolute_error",
        "sklearn.metrics._regression.mean_absolute_percentage_error",
        "sklearn.metrics._regression.mean_gamma_deviance",
        "sklearn.metrics._regression.mean_poisson_deviance",
        "sklearn.metrics._regression.mean_squared_error",
        "sklearn.metrics._regression.mean_squared_log_error",
        "sklearn.metrics._regression.median_absolute_error",
        "sklearn.metrics._regression.r2_score",
        "sklearn.metrics._regression.root_mean_squared_error",
        "sklearn.metrics._regression.root_mean_squared_log_error",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._MultimetricScorer",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.metrics._scorer._ThresholdScorer",
        "sklearn.metrics._scorer.negative_likelihood_ratio",
        "sklearn.metrics._scorer.positive_likelihood_ratio",
        "sklearn.metrics.cluster._supervised.adjusted_mutual_info_score",
        "sklearn.metrics.cluster._supervised.adjusted_rand_score",
        "sklearn.metrics.cluster._supervised.completeness_score",
        "sklearn.metrics.cluster._supervised.fowlkes_mallows_score",
        "sklearn.metrics.cluster._supervised.homogeneity_score",
        "sklearn.metrics.cluster._supervised.mutual_info_score",
        "sklearn.metrics.cluster._supervised.normalized_mutual_info_score",
        "sklearn.metrics.cluster._supervised.rand_score",
        "sklearn.metrics.cluster._supervised.v_measure_score",
        "sklearn.model_selection._split.BaseCrossValidator",
        "sklearn.model_selection._split.BaseShuffleSplit",
        "sklearn.model_selection._split.GroupKFold",
        "sklearn.model_selection._split.GroupShuffleSplit",
        "sklearn.model_selection._split.KFold",
        "sklearn.model_selection._split.LeaveOneGroupOut",
        "sklearn.model_selection._split.LeaveOneOut",
        "sklearn.model_selection._split.LeavePGroupsOut",
        "sklearn.model_selection._split.LeavePOut",
        "sklearn.model_selection._split.PredefinedSplit",
        "sklearn.model_selection._split.RepeatedKFold",
        "sklearn.model_selection._split.RepeatedStratifiedKFold",
        "sklearn.model_selection._split.ShuffleSplit",
        "sklearn.model_selection._split.StratifiedGroupKFold",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.model_selection._split.StratifiedShuffleSplit",
        "sklearn.model_selection._split.TimeSeriesSplit",
        "sklearn.multiclass._ConstantPredictor",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
    ]
)

_BOOSTERS = frozenset(
    [
        "collections.OrderedDict",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
        "lightgbm.compat._LGBMLabelEncoder",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
        "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor",
    ]
)

TRUSTED: Mapping[str, frozenset[str]] = {"1.9": _SCIKIT_LEARN_1_9 | _PIPELINES | _BOOSTERS}


def trusted_types() -> frozenset[str]:
    """The list for the scikit-learn that is running.

    Raises:
        ArtifactRefused: there is no list for it.
    """
    minor = ".".join(version("scikit-learn").split(".")[:2])
    if minor not in TRUSTED:
        raise ArtifactRefused(
            f"expected scikit-learn {' or '.join(TRUSTED)}, found {version('scikit-learn')}",
            hint="install a supported scikit-learn, or refresh the model with this one",
        )
    return TRUSTED[minor]
