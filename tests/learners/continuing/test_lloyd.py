from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import csr_array, issparse

from mlview.learners import CannotContinue
from mlview.learners.continuing.rows import training_rows


@pytest.fixture(scope="module")
def kmeans(case):
    return case("KMeans", n_clusters=4, tol=1e-8)


@pytest.fixture(scope="module")
def fitted(kmeans, old):
    return kmeans.fit(old)


@pytest.fixture(scope="module")
def state(kmeans, fitted, old):
    return kmeans.prepare(fitted, old)


def centres(fitted):
    return fitted.pipeline.steps[-1][1].cluster_centers_


def lloyd(fitted, kmeans, data):
    """One iteration of scikit-learn's own over these rows, from the fitted centres."""
    method = fitted.pipeline.steps[-1][1]
    frame = csr_array(training_rows(fitted, kmeans.cut(data)).matrix(fitted)).toarray()
    nearest = ((frame[:, None] - centres(fitted)) ** 2).sum(axis=2).argmin(axis=1)
    means = [frame[nearest == k].mean(axis=0) for k in range(method.n_clusters)]
    inertia = sum(((frame[nearest == k] - m) ** 2).sum() for k, m in enumerate(means))
    return np.array(means), inertia


def test_centres_are_those_of_one_iteration_over_all_rows(kmeans, fitted, state, old, new):
    continued = kmeans.on(fitted, state, new.slice(0, 100), old.slice(0, 30))
    now = pa.concat_tables([old.slice(30), new.slice(0, 100)])
    expected, inertia = lloyd(fitted, kmeans, now)
    np.testing.assert_allclose(centres(continued.fitted), expected, atol=1e-9)
    method = continued.fitted.pipeline.steps[-1][1]
    assert method.inertia_ == pytest.approx(inertia, rel=1e-9)
    assert len(method.labels_) == 0


def test_sparse_rows_are_summed_alike(case, make_rows):
    this, rows = case("KMeans", n_clusters=3), make_rows(900, levels=(40, 30))
    fitted = this.fit(rows.slice(0, 800))
    state = this.prepare(fitted, rows.slice(0, 800))
    continued = this.on(fitted, state, rows.slice(800), rows.slice(0, 10))
    assert issparse(training_rows(fitted, this.cut(rows)).matrix(fitted))
    expected, _ = lloyd(fitted, this, rows.slice(10))
    np.testing.assert_allclose(centres(continued.fitted), expected, atol=1e-9)


def test_deltas_may_come_in_any_parts(kmeans, fitted, state, old, new):
    at_once = kmeans.on(fitted, state, new, old.slice(0, 30))
    first = kmeans.on(fitted, state, new.slice(0, 150))
    then = kmeans.on(first.fitted, first.state, new.slice(150), old.slice(0, 30), steps=1)
    np.testing.assert_allclose(centres(then.fitted), centres(at_once.fitted), atol=1e-12)


def test_the_share_of_the_inertia_that_was_saved_is_told(kmeans, fitted, state, new):
    continued = kmeans.on(fitted, state, new)
    assert 0 < continued.error_estimate < 0.01
    assert "of the inertia" in continued.said


def test_rows_far_away_need_a_full_fit(kmeans, fitted, state, new):
    position = new.schema.get_field_index("x1")
    far = new.set_column(position, "x1", pa.array(np.full(new.num_rows, 6.0)))
    with pytest.raises(CannotContinue, match="one step would save"):
        kmeans.on(fitted, state, far)


def test_a_cluster_cannot_lose_all_of_its_rows(kmeans, fitted, state, old, new):
    cluster = kmeans.answers(fitted, old).column("cluster")
    gone = old.filter(pa.compute.equal(cluster, 0))
    with pytest.raises(CannotContinue, match="no row of a cluster is left"):
        kmeans.on(fitted, state, new.slice(0, 0), gone)
