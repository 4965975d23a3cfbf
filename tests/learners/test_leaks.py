from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.errors import TrainingDataProblem

ROWS = 30_000
RANDOM = np.random.default_rng(2)
DELAY = RANDOM.normal(10, 20, ROWS)
LATE = DELAY > 15
BASE = {"x": RANDOM.normal(size=ROWS)}


def leak(tools, target, **columns):
    with pytest.raises(TrainingDataProblem) as problem:
        tools.roles_of(pa.table({**BASE, **columns}), target)
    assert problem.value.error_code == "LEAK"
    return problem.value


@pytest.mark.parametrize(
    "column",
    [LATE, np.where(LATE, 1, 0), np.where(LATE, "yes", "no"), np.where(LATE, 3.5, -1.0), ~LATE],
    ids=["boolean", "number", "text", "float", "negated"],
)
def test_a_feature_that_equals_the_label_under_other_names_is_refused(tools, column):
    problem = leak(tools, "late", other=pa.array(column.tolist()), late=pa.array(LATE))
    assert problem.hint == "IGNORE (other)"


def test_the_number_a_label_was_cut_from_is_refused(tools):
    assert leak(tools, "late", arr_delay=DELAY, late=pa.array(LATE)).name == "arr_delay"


def test_a_straight_line_of_a_numeric_label_is_refused(tools):
    assert leak(tools, "delay", seconds=DELAY * 60 + 7, delay=DELAY).name == "seconds"


@pytest.mark.parametrize("row", [0, 15_001, ROWS - 1])
def test_one_row_that_breaks_the_rule_makes_it_no_leak(tools, row):
    broken = LATE.copy()
    broken[row] = not broken[row]
    data = pa.table({**BASE, "arr_delay": DELAY, "other": pa.array(broken), "late": LATE})
    broken_delay = DELAY.copy()
    broken_delay[row] = -1000 if LATE[row] else 1000
    data = data.set_column(1, "arr_delay", pa.array(broken_delay))
    assert len(tools.roles_of(data, "late").features) == 3


def test_strong_but_honest_features_are_no_leak(tools):
    near = DELAY + RANDOM.normal(0, 0.5, ROWS)
    tools.roles_of(pa.table({**BASE, "near": near, "late": LATE}), "late")
    tools.roles_of(pa.table({**BASE, "near": near, "delay": DELAY}), "delay")


def test_a_few_rows_prove_nothing(tools):
    data = pa.table({"x": [1.0, 2.0, 3.0, 4.0], "y": [False, False, True, True]})
    assert len(tools.roles_of(data, "y").features) == 1


def test_one_value_of_another_magnitude_makes_no_line_of_the_others(tools):
    other = pa.array(np.append(np.random.default_rng(1).normal(size=len(DELAY) - 1), 1e12))
    delay = pa.array(np.append(np.asarray(DELAY)[:-1], 1e12))
    tools.train(pa.table({"other": other, "delay": delay}), "delay", "Ridge")
