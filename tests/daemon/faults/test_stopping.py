"""SIGTERM and Ctrl-C: running refreshes finish, or are broken off without a trace."""

from __future__ import annotations

import signal

from mlview.daemon.daemon import GRACE


def test_a_daemon_that_is_told_to_stop_lets_a_running_refresh_finish(site):
    running = site.daemon(fault="held before the commit")
    site.commit()
    site.met()
    running.send(signal.SIGTERM)
    running.hears_nothing_for(0.3)
    site.let_go()
    assert running.ended() == 0
    assert site.history("v") == [("SUCCEEDED", None)]
    (last,) = running.told("stopped")
    assert (last["reason"], last["abandoned"]) == ("SIGTERM was sent", [])
    (beat,) = site.db.services.home.catalog.heartbeats()
    assert (str(beat.state), beat.running) == ("STOPPED", 0)
    site.assert_quiet()
    site.assert_sound()


def test_a_second_signal_breaks_running_refreshes_off(site):
    running = site.daemon(fault="held in training")
    site.commit()
    site.met()
    running.send(signal.SIGINT)
    running.send(signal.SIGTERM)  # two of a kind could be taken for one
    assert running.ended(within=GRACE / 2) == 0
    (last,) = running.told("stopped")
    assert "m" in last["abandoned"]
    assert site.history("m") == [("CANCELLED", "WORKER_STOPPED")]
    assert site.live()["m"] == 1
    site.assert_quiet()
    site.assert_sound()
