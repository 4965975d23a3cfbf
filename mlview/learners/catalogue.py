"""Which estimators there are by name, where they live, and which are refused and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping


def _methods(*, task: Task, **modules: str) -> dict[str, tuple[str, Task]]:
    return {
        name: (f"sklearn.{module}", task)
        for module, names in modules.items()
        for name in names.split()
    }


SCIKIT_LEARN: Mapping[str, tuple[str, Task]] = {
    **_methods(
        task=Task.CLASSIFICATION,
        discriminant_analysis="LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
        dummy="DummyClassifier",
        ensemble="AdaBoostClassifier BaggingClassifier ExtraTreesClassifier "
        "GradientBoostingClassifier HistGradientBoostingClassifier RandomForestClassifier",
        gaussian_process="GaussianProcessClassifier",
        calibration="CalibratedClassifierCV",
        linear_model="LogisticRegression LogisticRegressionCV PassiveAggressiveClassifier "
        "Perceptron RidgeClassifier RidgeClassifierCV SGDClassifier",
        naive_bayes="BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
        neighbors="KNeighborsClassifier NearestCentroid RadiusNeighborsClassifier",
        neural_network="MLPClassifier",
        semi_supervised="LabelPropagation LabelSpreading",
        svm="LinearSVC NuSVC SVC",
        tree="DecisionTreeClassifier ExtraTreeClassifier",
    ),
    **_methods(
        task=Task.REGRESSION,
        compose="TransformedTargetRegressor",
        cross_decomposition="CCA PLSCanonical PLSRegression",
        dummy="DummyRegressor",
        ensemble="AdaBoostRegressor BaggingRegressor ExtraTreesRegressor "
        "GradientBoostingRegressor HistGradientBoostingRegressor RandomForestRegressor",
        gaussian_process="GaussianProcessRegressor",
        isotonic="IsotonicRegression",
        kernel_ridge="KernelRidge",
        linear_model="ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor "
        "HuberRegressor Lars LarsCV Lasso LassoCV LassoLars LassoLarsCV LassoLarsIC "
        "LinearRegression OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV "
        "PassiveAggressiveRegressor PoissonRegressor QuantileRegressor RANSACRegressor Ridge "
        "RidgeCV SGDRegressor TheilSenRegressor TweedieRegressor",
        neighbors="KNeighborsRegressor RadiusNeighborsRegressor",
        neural_network="MLPRegressor",
        svm="LinearSVR NuSVR SVR",
        tree="DecisionTreeRegressor ExtraTreeRegressor",
    ),
    **_methods(
        task=Task.CLUSTERING,
        cluster="AffinityPropagation BisectingKMeans KMeans MeanShift MiniBatchKMeans",
        mixture="BayesianGaussianMixture GaussianMixture",
    ),
    **_methods(
        task=Task.DECOMPOSITION,
        cluster="FeatureAgglomeration",
        decomposition="DictionaryLearning FactorAnalysis FastICA IncrementalPCA KernelPCA "
        "LatentDirichletAllocation MiniBatchDictionaryLearning MiniBatchNMF MiniBatchSparsePCA "
        "NMF PCA SparsePCA TruncatedSVD",
        ensemble="RandomTreesEmbedding",
        kernel_approximation="AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler "
        "SkewedChi2Sampler",
        manifold="Isomap LocallyLinearEmbedding",
        neural_network="BernoulliRBM",
        random_projection="GaussianRandomProjection SparseRandomProjection",
    ),
    **_methods(
        task=Task.OUTLIERS,
        covariance="EllipticEnvelope",
        ensemble="IsolationForest",
        linear_model="SGDOneClassSVM",
        neighbors="KernelDensity LocalOutlierFactor",
        svm="OneClassSVM",
    ),
}

BOOSTERS: Mapping[str, tuple[str, Task]] = {
    "LGBMClassifier": ("lightgbm", Task.CLASSIFICATION),
    "LGBMRegressor": ("lightgbm", Task.REGRESSION),
    "XGBClassifier": ("xgboost", Task.CLASSIFICATION),
    "XGBRegressor": ("xgboost", Task.REGRESSION),
    "XGBRFClassifier": ("xgboost", Task.CLASSIFICATION),
    "XGBRFRegressor": ("xgboost", Task.REGRESSION),
}

_NEEDS_AN_ESTIMATOR = (
    "it wraps other estimators, which SQL cannot spell: build the Pipeline in Python and give it "
    "as create_model(..., using=pipeline)"
)
_IS_A_STEP = (
    "it prepares columns and answers nothing by itself: preprocessing follows from the column "
    "types, and a Pipeline with it can be given from Python"
)
_SEVERAL_TARGETS = "it learns several targets at once and a model has one: use {}"
_NO_NEW_ROWS = "it places only the rows it was fitted on and cannot predict new rows: use {}"
_COVARIANCE = "it estimates a covariance matrix and scores no rows: use EllipticEnvelope"


def _refusals(reason: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


REFUSED: Mapping[str, str] = {
    **_refusals(
        _NEEDS_AN_ESTIMATOR,
        "ClassifierChain ColumnTransformer FeatureUnion FixedThresholdClassifier FrozenEstimator "
        "GridSearchCV HalvingGridSearchCV HalvingRandomSearchCV MultiOutputClassifier "
        "MultiOutputRegressor OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier "
        "Pipeline RFE RFECV RandomizedSearchCV RegressorChain SelectFromModel "
        "SelfTrainingClassifier SequentialFeatureSelector StackingClassifier StackingRegressor "
        "TunedThresholdClassifierCV VotingClassifier VotingRegressor",
    ),
    **_refusals(
        _IS_A_STEP,
        "Binarizer CountVectorizer DictVectorizer FeatureHasher FunctionTransformer "
        "GenericUnivariateSelect HashingVectorizer IterativeImputer KBinsDiscretizer KNNImputer "
        "KNeighborsTransformer KernelCenterer LabelBinarizer LabelEncoder MaxAbsScaler "
        "MinMaxScaler MissingIndicator MultiLabelBinarizer NearestNeighbors Normalizer "
        "OneHotEncoder OrdinalEncoder PatchExtractor PolynomialFeatures PowerTransformer "
        "QuantileTransformer RadiusNeighborsTransformer RobustScaler SelectFdr SelectFpr "
        "SelectFwe SelectKBest SelectPercentile SimpleImputer SparseCoder SplineTransformer "
        "StandardScaler TargetEncoder TfidfTransformer TfidfVectorizer VarianceThreshold",
    ),
    **_refusals(_SEVERAL_TARGETS.format("Lasso"), "MultiTaskLasso"),
    **_refusals(_SEVERAL_TARGETS.format("LassoCV"), "MultiTaskLassoCV"),
    **_refusals(_SEVERAL_TARGETS.format("ElasticNet"), "MultiTaskElasticNet"),
    **_refusals(_SEVERAL_TARGETS.format("ElasticNetCV"), "MultiTaskElasticNetCV"),
    **_refusals(
        _NO_NEW_ROWS.format("KMeans or MeanShift"),
        "AgglomerativeClustering DBSCAN HDBSCAN OPTICS SpectralBiclustering SpectralClustering "
        "SpectralCoclustering",
    ),
    **_refusals(
        _NO_NEW_ROWS.format("PCA, Isomap or LocallyLinearEmbedding"),
        "ClassicalMDS MDS SpectralEmbedding TSNE",
    ),
    **_refusals(
        _COVARIANCE,
        "EmpiricalCovariance GraphicalLasso GraphicalLassoCV LedoitWolf MinCovDet OAS "
        "ShrunkCovariance",
    ),
    **_refusals("it cannot be stored without pickle: use MiniBatchKMeans or MeanShift", "Birch"),
    **_refusals(
        "it needs a label to learn a projection and then predicts none: use PCA, or "
        "LinearDiscriminantAnalysis as a classifier",
        "NeighborhoodComponentsAnalysis PLSSVD",
    ),
    **_refusals(
        "it ranks rows within groups, and a model has no groups: use LGBMRegressor or XGBRegressor",
        "LGBMRanker XGBRanker",
    ),
}
