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
    site.commit()
    running.hear("refreshed", view="w")
    assert running.end() == 0
    assert running.told("troubled") == []
    site.assert_quiet()
    site.assert_sound(names=("v", "w"))
