"""Views whose workers are killed every time."""

from __future__ import annotations

from mlview.planning.scheduling.scheduler import FAILURES


def test_a_model_that_always_takes_its_worker_along_is_suspended_and_others_are_not(site):
    running = site.daemon("--no-upkeep", fault="killed in training")
    site.commit()
    line = running.hear("suspended")
    why = f"{FAILURES} scheduled refreshes failed in a row, the last with WORKER_KILLED"
    assert (line["view"], line["reason"]) == ("m", why)
    assert site.history("m") == [("FAILED", "WORKER_KILLED")] * FAILURES
    ((reason,),) = site.ask("SELECT stale_reason FROM mlview.staleness WHERE name = 'm'")
    assert reason.startswith(f"suspended: {why}; ")
    site.commit()
    running.hear("refreshed", view="w")
    assert running.end() == 0
    assert site.live()["m"] == 1
    assert len(running.told("suspended")) == 1
    site.assert_quiet()
    site.assert_sound()


def test_while_every_worker_is_killed_no_view_is_suspended_for_it(site):
    site.ask("DROP MATERIALIZED VIEW w")
    site.fault(there=True)
    running = site.daemon("--no-upkeep", "--workers", "1", fault="killed while it is there")
    site.commit()
    for _ in range(FAILURES + 1):
        for name in ("v", "m"):
            running.hear("not_refreshed", view=name, error_code="WORKER_KILLED")
    site.fault(there=False)
    site.fresh(running)
    assert running.end() == 0
    assert running.told("suspended") == []
    site.assert_quiet()
    site.assert_sound(names=("m", "v"))


def test_a_model_that_takes_the_machine_along_is_suspended_and_its_neighbours_are_not(site):
    options, fault = ["--no-upkeep", "--workers", "1"], "the machine dies in training"
    site.commit()
    running = site.daemon(*options, fault=fault)
    for _ in range(FAILURES):
        assert not running.tells_before_it_dies("suspended")
        running = site.daemon(*options, fault=fault)
    line = running.hear("suspended")
    why = f"{FAILURES} scheduled refreshes failed in a row, the last with ABANDONED"
    assert (line["view"], line["reason"]) == ("m", why)
    assert site.history("m") == [("CANCELLED", "ABANDONED")] * FAILURES
    site.commit()
    running.hear("refreshed", view="w")
    assert running.end() == 0
    assert site.live()["m"] == 1
    site.assert_quiet()
    site.assert_sound()
