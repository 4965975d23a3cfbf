"""Processes that die, and processes that race: one version is live, and the catalog is whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from mlview.definitions import Name
from mlview.storage.catalog import Catalog

WORKER = Path(__file__).with_name("catalog_worker.py")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def start(work, path, *numbers):
    command = [sys.executable, str(WORKER), work, str(path), *map(str, numbers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(*workers):
    """What each printed, a list of JSON values per process; none may have failed."""
    found = []
    for worker in workers:
        out, err = worker.communicate(timeout=120)
        assert worker.returncode == 0, err
        found.append([json.loads(line) for line in out.splitlines()])
    return found


@pytest.fixture
def path(scene, catalog):
    scene.model("late")
    return catalog.path


def assert_one_whole_state(seen):
    assert seen["problems"] == []
    assert seen["moves"] == sorted(set(seen["moves"])), "no version is published twice"
    assert seen["live"] == (seen["moves"][-1] if seen["moves"] else None)
    assert seen["marked"] == seen["moves"][-1:]
    assert sorted(seen["published"]) == seen["moves"], "pointer and history move together"


@forks
def test_a_process_killed_before_any_statement_leaves_the_old_or_the_new_state(path):
    (states,) = answers(start("kill_at_each_statement", path))
    assert len(states) > 30
    for seen in states:
        assert_one_whole_state(seen)
    killed = states[:-1]
    assert {seen["status"] for seen in killed} == {9}
    lives = [seen["live"] for seen in states]
    assert lives[0] is None
    assert lives[-1] is not None
    assert len(set(lives)) > 2, "some died after the commit, before the acknowledgement"


@forks
def test_a_process_killed_at_a_random_moment_leaves_one_whole_state(path):
    (states,) = answers(start("kill_at_random", path, 15))
    assert len(states) == 15
    for seen in states:
        assert_one_whole_state(seen)
    assert states[-1]["live"] is not None


def test_four_processes_publish_one_after_the_other(path, catalog):
    won = [tokens for (tokens,) in answers(*(start("race", path, 8) for _ in range(4)))]
    assert all(tokens == sorted(tokens) for tokens in won)
    assert sorted(chain(*won)) == list(range(1, 33)), "no token is given twice"
    moves = catalog.deployments(1)
    assert [int(move.reason) for move in moves] == list(range(1, 33)), "in the order of tokens"
    assert sorted(move.version for move in moves) == list(range(1, 33))
    live = [v.number for v in catalog.versions() if v.status == "LIVE"]
    assert live == [catalog.object(1).live_version] == [moves[-1].version]
    assert catalog.check() == []


def test_processes_that_want_one_name_get_it_once(path, catalog):
    won = [names for (names,) in answers(*(start("define", path, 12) for _ in range(3)))]
    for n in range(12):
        assert sorted(names[n] for names in won) == ["NAME_TAKEN", "NAME_TAKEN", f"v{n}"]
    assert len(catalog.objects()) == 13


def test_processes_that_make_one_catalog_at_once_all_get_it(tmp_path):
    target = tmp_path / "new" / "catalog.sqlite"
    found = answers(*(start("create", target) for _ in range(4)))
    assert found == [[[]]] * 4


@forks
def test_a_catalog_survives_a_fork_on_both_sides(path, catalog):
    ((seen,),) = answers(start("inherit", path))
    assert seen == [0, "wrote", 1]
    assert catalog.get(Name("by_child"))
    assert catalog.check() == []


def test_threads_share_one_catalog(catalog, scene):
    row = scene.model()

    def number(_):
        return catalog.next_version(row.id), catalog.find(row.name) is not None

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(number, range(96)))
    assert sorted(n for n, _ in found) == list(range(1, 97))
    assert all(seen for _, seen in found)


def test_a_reader_sees_one_state_while_others_publish(catalog, scene):
    row = scene.model()
    scene.publish(row)
    with catalog._database.read() as connection:
        query = "SELECT live_version FROM pointers"
        before = connection.exec_driver_sql(query).scalar()
        scene.publish(row)
        assert connection.exec_driver_sql(query).scalar() == before == 1
    assert catalog.object(row.id).live_version == 2


def test_closing_leaves_one_file(path, catalog):
    catalog.close()
    left = sorted(p.name for p in path.parent.iterdir() if p.suffix != ".lock")
    assert left == ["catalog.sqlite"]
    with Catalog(path) as again:
        assert again.check() == []
