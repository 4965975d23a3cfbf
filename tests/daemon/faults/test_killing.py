"""SIGKILL of a daemon, of its nursery and of its workers, at random moments."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress

ROUNDS = int(os.environ.get("MLVIEW_ROUNDS", "4"))
SEED = int(os.environ.get("MLVIEW_SEED", "20130310"))
CHECKED_EVERY = 5


def kill_one_of(pids, chance):
    """Kill a process at random; nothing if none of them is left."""
    with suppress(ProcessLookupError, IndexError):
        os.kill(chance.choice(pids), signal.SIGKILL)


def test_killed_at_random_moments_nothing_is_lost_or_torn_and_nobody_is_left(site):
    chance = random.Random(SEED)
    for n in range(1, ROUNDS + 1):
        running = site.daemon("--no-upkeep") if chance.random() < 0.5 else site.daemon()
        for _ in range(chance.randrange(1, 5)):
            site.commit()
            running.hears_nothing_for(chance.uniform(0, 0.2))
            if chance.random() < 0.5:
                kill_one_of(running.children()[1:], chance)
        if chance.random() < 0.1:
            kill_one_of(running.children()[:1], chance)
        site.commit()
        running.hears_nothing_for(chance.uniform(0, 0.4))
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
        if n % CHECKED_EVERY == 0 and n < ROUNDS:
            site.assert_sound()
    last = site.daemon()
    site.fresh(last)
    assert last.end() == 0
    assert [line for running in site.daemons for line in running.told("suspended")] == []
    assert site.ask("SELECT count(*) FROM t") == [(60 + site.committed,)]
    site.assert_quiet()
    site.assert_sound()
    site.assert_collected()


def test_of_two_daemons_the_other_goes_on_with_what_a_killed_one_had_begun(site):
    first, second = site.daemon(fault="held before the commit"), None
    site.commit()
    held = site.met()
    second = site.daemon()
    for pid in (held, first.pid):
        os.kill(pid, signal.SIGKILL)
    assert first.ended() == -signal.SIGKILL
    site.fresh(second)
    assert second.end() == 0
    site.assert_quiet()
    site.assert_sound()
