"""What others do to a view while a worker refreshes it."""

from __future__ import annotations


def test_a_commit_during_training_leaves_the_new_version_honestly_stale(site):
    running = site.daemon(fault="held in training")
    site.commit()
    site.met()
    site.commit()
    site.let_go(1)
    running.hear("refreshed", view="m")
    assert site.ask("SELECT state, changed_rows FROM mlview.staleness WHERE name = 'm'") == [
        ("STALE", 1)
    ]
    site.let_go()
    site.fresh(running)
    assert site.live()["m"] == 3
    assert running.end() == 0
    site.assert_sound()


def test_what_is_created_and_altered_while_workers_are_busy_counts_at_once(site):
    running = site.daemon(fault="held in training")
    site.commit()
    site.met()
    site.ask(
        "CREATE MATERIALIZED VIEW n TARGET_LAG '0.2 seconds' AS SELECT max(k) AS k FROM t "
        "WITH NO DATA"
    )
    running.hear("refreshed", view="n")
    site.ask("ALTER MODEL m SET TARGET_LAG '1 day'")
    site.let_go()
    running.hear("refreshed", view="m")
    site.commit()
    running.hear("refreshed", view="w")
    due = "SELECT epoch(due_at) - epoch(now()) > 80000 FROM mlview.plan WHERE name = 'm'"
    assert site.ask(due) == [(True,)]
    assert running.end() == 0
    site.assert_sound(names=("m", "n", "v", "w"))


def test_a_view_that_is_dropped_while_it_is_refreshed_stays_dropped(site):
    running = site.daemon(fault="held in training")
    site.commit()
    site.met()
    site.ask("DROP MODEL m")
    site.let_go()
    line = running.hear("not_refreshed", view="m")
    said = "m was dropped while it was refreshed; nothing was published"
    facts = ("level", "state", "error_code", "error")
    assert [line[fact] for fact in facts] == ["warning", "CANCELLED", "DROPPED", said]
    site.commit()
    running.hear("refreshed", view="w")
    assert running.end() == 0
    assert [running.told(event) for event in ("troubled", "broken_off")] == [[], []]
    assert site.history("m") == [("CANCELLED", "DROPPED")]
    site.assert_quiet()
    site.assert_sound(names=("v", "w"))


def test_a_view_that_is_dropped_before_its_worker_comes_to_it_is_no_failure(site):
    running = site.daemon(fault="held before planning")
    site.commit()
    site.met()
    site.ask("DROP MODEL m; DROP MATERIALIZED VIEW v CASCADE")
    site.let_go()
    line = running.hear("broken_off", error_code="UNKNOWN_NAME")
    assert line["level"] == "warning"
    assert running.end() == 0
    assert running.told("troubled") == []
    assert site.ask("SELECT * FROM mlview.refresh_history WHERE state = 'FAILED'") == []
