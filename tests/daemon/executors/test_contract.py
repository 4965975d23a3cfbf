"""Every executor keeps the contract of executors."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import pytest

import mlview
from mlview.clock import SystemClock
from mlview.daemon.executors import InlineExecutor, ProcessPool
from mlview.session.services import Services
from mlview.storage.home import Home
from mlview.testing.executors import EXECUTOR_CONTRACT, Stage, staged


@contextmanager
def inline(path, slots):
    home = Home.open(path, clock=SystemClock())
    executor = InlineExecutor(Services.of(home), slots)
    yield executor
    executor.stop(grace=0.0)
    home.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return staged(tmp_path_factory.mktemp("template") / "template.mlv")


@pytest.fixture
def stage(template, tmp_path):
    with mlview.connect(shutil.copytree(template, tmp_path / "stage.mlv")) as db:
        yield Stage(db)


@pytest.fixture(scope="module")
def pool(forks):
    @contextmanager
    def make(path, slots):
        executor = ProcessPool(path, slots, launcher=forks)
        yield executor
        executor.stop(grace=0.0)

    return make


@pytest.mark.parametrize("clause", EXECUTOR_CONTRACT, ids=lambda clause: clause.__name__[1:])
def test_the_inline_executor_keeps_the_contract(stage, clause):
    clause(stage, inline)


@pytest.mark.parametrize("clause", EXECUTOR_CONTRACT, ids=lambda clause: clause.__name__[1:])
def test_the_process_pool_keeps_the_contract(stage, clause, pool):
    clause(stage, pool)
