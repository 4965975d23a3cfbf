from __future__ import annotations

import io
import json
import pickle
import zipfile
from functools import partial

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

from mlview.errors import ArtifactRefused
from mlview.storage import payloads, trusted_types
from mlview.storage.payloads import dump, load


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(200, 4))
    return matrix, (matrix[:, 0] + random.normal(size=200) > 0).astype(int)


@pytest.fixture(scope="module")
def fitted(rows):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*rows)


def test_a_pipeline_comes_back_with_bit_identical_predictions(fitted, rows):
    again = load(dump(fitted))
    assert np.array_equal(again.predict_proba(rows[0]), fitted.predict_proba(rows[0]))


def test_an_unfitted_pipeline_keeps_its_parameters():
    again = load(dump(Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression(C=3))])))
    assert again.get_params()["fit__C"] == 3


def test_a_booster_inside_a_stack_is_stored_as_text_and_the_original_stays_whole(rows):
    booster = LGBMClassifier(n_estimators=3, verbosity=-1)
    stack = StackingClassifier([("trees", booster)], LogisticRegression(), cv=2).fit(*rows)
    before = stack.predict_proba(rows[0])
    payload = dump(stack)
    names = zipfile.ZipFile(io.BytesIO(payload)).namelist()
    assert [n for n in names if n.startswith("booster_")] == ["booster_0.lgb.txt"]
    assert np.array_equal(load(payload).predict_proba(rows[0]), before)
    assert np.array_equal(stack.predict_proba(rows[0]), before)


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def joblib_bytes(value):
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("write", [pickle.dumps, joblib_bytes], ids=["pickle", "joblib"])
def test_a_pickle_or_joblib_file_is_refused_unopened(write, tmp_path):
    flag = tmp_path / "ran"
    with pytest.raises(ArtifactRefused, match="never opened"):
        load(write(Bomb(str(flag))))
    assert not flag.exists()


OWN = [
    GridSearchCV(LogisticRegression(), {"C": [1, 2]}, scoring="roc_auc", cv=StratifiedKFold(2)),
    GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=TimeSeriesSplit(2)),
    TunedThresholdClassifierCV(LogisticRegression(), cv=2),
    VotingClassifier([("linear", LogisticRegression()), ("bayes", GaussianNB())]),
    OutputCodeClassifier(LogisticRegression()),
    make_pipeline(SelectKBest(k=2), LogisticRegression()),
    make_pipeline(SplineTransformer(), LogisticRegression()),
    make_pipeline(FunctionTransformer(np.cbrt), LogisticRegression()),
    make_pipeline(make_column_transformer((StandardScaler(), [0, 2])), LogisticRegression()),
]


@pytest.mark.parametrize("estimator", OWN, ids=range(len(OWN)))
def test_what_users_build_from_scikit_learn_can_be_stored_fitted_and_unfitted(estimator, rows):
    assert load(dump(estimator)).get_params().keys() == estimator.get_params().keys()
    fitted = clone(estimator).fit(*rows)
    assert np.array_equal(load(dump(fitted)).predict(rows[0]), fitted.predict(rows[0]))


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (payloads.SMALL_BYTES + 1))
    with pytest.raises(ArtifactRefused, match="would unpack") as refusal:
        load(buffer.getvalue())
    assert refusal.value.facts["found"] == payloads.SMALL_BYTES + 1


def test_what_shrinks_beyond_the_limit_is_stored_so_that_it_can_be_loaded(monkeypatch, rows):
    model = LogisticRegression().fit(*rows)
    model.zeros_ = np.zeros(200_000)
    monkeypatch.setattr(payloads, "SMALL_BYTES", 10_000)
    monkeypatch.setattr(payloads, "MAX_RATIO", 50)
    assert len(load(dump(model)).zeros_) == 200_000


def test_a_function_is_refused_when_it_would_be_stored_unless_it_is_trusted():
    step = FunctionTransformer(json.dumps)
    with pytest.raises(ArtifactRefused, match=r"json\.dumps") as refusal:
        dump(step)
    assert refusal.value.facts["types"] == ("json.dumps",)
    payload = dump(step, modules=["json"])
    with pytest.raises(ArtifactRefused, match=r"json\.dumps"):
        load(payload)
    assert load(payload, modules=["json"]).func is json.dumps


def test_what_a_partial_wraps_is_checked_by_itself():
    step = FunctionTransformer(partial(json.dumps, indent=1))
    with pytest.raises(ArtifactRefused, match=r"json\.dumps"):
        dump(step)


@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("builtins", "eval"), ("subprocess", "Popen")]
)
def test_a_payload_that_names_foreign_code_is_refused_and_runs_nothing(fitted, module, name):
    def forge(schema):
        schema["content"]["evil"] = schema["content"].get("evil")
        return {
            **schema,
            "__class__": name,
            "__module__": module,
            "__loader__": "FunctionNode",
            "content": {},
        }

    with pytest.raises(ArtifactRefused):
        load(with_schema(dump(fitted), forge))


def with_schema(payload, change):
    source = zipfile.ZipFile(io.BytesIO(payload))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "schema.json":
                content = json.dumps(change(json.loads(content))).encode()
            archive.writestr(info.filename, content)
    return buffer.getvalue()


@pytest.mark.parametrize("schema", ["", "[", "[" * 100_000, "{}", "null", "[1]"])
def test_a_broken_schema_is_refused(schema):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(ArtifactRefused):
        load(buffer.getvalue())


@settings(deadline=None, max_examples=50)
@given(cut=st.floats(0, 1), flip=st.floats(0, 0.999))
def test_a_damaged_payload_is_loaded_or_refused_and_never_anything_else(fitted, cut, flip):
    payload = bytearray(dump(fitted))
    payload[int(flip * len(payload))] ^= 0x55
    for damaged in (bytes(payload), bytes(payload[: int(cut * len(payload))])):
        try:
            load(damaged)
        except ArtifactRefused:
            continue


def test_the_list_of_trusted_types_names_nothing_that_runs_code_it_is_given():
    for minor, names in trusted_types.TRUSTED.items():
        assert minor.count(".") == 1
        for name in names:
            top = name.partition(".")[0]
            assert top in {"sklearn", "numpy", "scipy", "lightgbm", "xgboost", "functools",
                           "collections"}  # fmt: skip
    assert not {"builtins.eval", "os.system"} & trusted_types.trusted_types()


def test_another_scikit_learn_has_no_list_and_says_which_it_needs(monkeypatch, fitted):
    monkeypatch.setattr(trusted_types, "version", lambda _: "2.7.0")
    with pytest.raises(ArtifactRefused, match=r"1\.9.*2\.7\.0"):
        dump(fitted)
