"""The process that starts workers is killed."""

from __future__ import annotations

import os
import signal


def test_a_daemon_that_loses_its_nursery_says_so_at_once_and_begins_another(site):
    running = site.daemon("--no-upkeep")
    site.commit()
    site.fresh(running)
    (nursery,) = running.children()
    os.kill(nursery, signal.SIGKILL)
    line = running.hear("orphaned")
    facts = {"level": "warning", "pid": nursery, "status": -signal.SIGKILL, "workers": 0}
    assert facts.items() <= line.items()
    assert line["text"] == (
        "the process that starts workers was killed by SIGKILL, and 0 workers with it; "
        "there is another"
    )
    site.commit()
    site.fresh(running)
    assert running.end() == 0
    assert len(running.told("orphaned")) == 1
    site.assert_quiet()
    site.assert_sound()
