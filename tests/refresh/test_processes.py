"""Several processes on one database: nothing is lost, nothing is published twice."""

from __future__ import annotations

from collections import Counter

import mlview


def test_writers_beside_two_refreshers_lose_nothing_and_publish_nothing_twice(path, crew):
    writers, commits = 8, 4
    orders = [
        {"path": str(path), "statement": f"INSERT INTO t VALUES ({who}, 1, 1)", "times": commits}
        for who in range(writers)
    ]
    refresh = "REFRESH MATERIALIZED VIEW v; REFRESH MODEL m"
    orders += [{"path": str(path), "statement": refresh, "times": 3} for _ in range(2)]
    assert [ended["said"] for ended in crew.run_together(orders)] == ["done"] * len(orders)
    with mlview.connect(path) as db:
        assert db.sql("SELECT count(*) FROM t").fetchall() == [(160 + writers * commits,)]
        versions = db.sql("FROM mlview.versions").arrow().to_pylist()
        assert sorted(v["name"] for v in versions if v["status"] == "LIVE") == ["m", "v", "w"]
        published = [v for v in versions if v["published_at"] is not None]
        assert max(Counter((v["name"], v["snapshot_id"]) for v in published).values()) == 1
        moves = db.sql("FROM mlview.deployments").arrow().to_pylist()
        read_at = {(v["name"], v["version"]): v["snapshot_id"] for v in versions}
        for name in "vm":
            own = [read_at[name, move["version"]] for move in moves if move["name"] == name]
            assert own == sorted(own), "never back to an earlier snapshot"
        assert db.doctor().fetchall() == []
        db.sql("REFRESH ALL")
        assert {s for (s,) in db.sql("SELECT state FROM mlview.staleness").fetchall()} == {"FRESH"}
        assert all(line[2] for line in db.verify().fetchall())
