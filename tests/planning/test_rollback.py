"""Where a rollback goes."""

from __future__ import annotations

from mlview.planning import rollback_target
from mlview.records import VersionStatus

RETIRED, LIVE, CANDIDATE = VersionStatus.RETIRED, VersionStatus.LIVE, VersionStatus.CANDIDATE


def target(scene, live, *statuses):
    versions = [scene.version(number=n, status=s) for n, s in enumerate(statuses, start=1)]
    found = rollback_target(versions, live)
    return found and found.number


def test_a_rollback_goes_to_the_newest_earlier_version_that_was_live(scene):
    assert target(scene, 4, RETIRED, RETIRED, CANDIDATE, LIVE) == 2


def test_repeating_it_goes_further_back_and_never_forward_again(scene):
    assert target(scene, 2, RETIRED, LIVE, CANDIDATE, RETIRED) == 1


def test_there_may_be_nowhere_to_go(scene):
    assert target(scene, 1, LIVE, RETIRED) is None
    assert target(scene, None, CANDIDATE) is None
