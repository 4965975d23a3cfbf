"""A directory or a catalog that cannot be written, and a disk that is really full."""

from __future__ import annotations

from secluding import fill

ERROR = 3
TIMES = 3
NO_ROOM = {"DISK_FULL", "STORAGE"}
"""SQLite calls it an input/output error where it finds no room for what readers share."""


def refusals(running):
    """The next lines that tell of the fault, wherever it was met."""
    found = []
    while len(found) < TIMES:
        line = running.hear()
        if line.get("error_code") in NO_ROOM:
            found.append(line)
    return found


def assert_recovered(site, running):
    site.fresh(running)
    assert running.end() == 0
    assert running.told("suspended") == []
    told = [*running.told("troubled"), *running.told("broken_off")]
    assert {line["error_code"] for line in told} <= NO_ROOM
    assert {code for _, code in site.history("m")} <= {None, *NO_ROOM, "ABANDONED"}
    assert site.history("m")[0] == ("SUCCEEDED", None)
    site.assert_quiet()
    site.assert_sound()


def test_a_directory_that_cannot_be_written_is_named_and_suspends_nothing(site_there, namespace):
    site = site_there
    running = site.daemon("--no-upkeep")
    namespace.make_read_only(site.path)
    site.commit()
    for line in refusals(running):
        assert "the lake cannot be opened: " in line["text"] or "may not be writ" in line["text"]
    code, said = site.told_by("refresh", "m")
    assert (code, said.split(":")[0]) == (ERROR, "STORAGE")
    assert f"{site.path}/lake.sqlite may not be written" in said
    assert f"chmod -R u+w {site.path}" in said
    assert site.live() == {"m": 1, "v": 1, "w": 1}
    namespace.unmount(site.path)
    assert_recovered(site, running)


def test_a_catalog_that_cannot_be_written_is_named_serves_and_suspends_nothing(
    site_there, namespace
):
    site, catalog = site_there, site_there.path / "catalog.sqlite"
    running = site.daemon("--no-upkeep")
    namespace.make_read_only(catalog)
    site.commit()
    for line in refusals(running):
        assert f"the catalog {catalog} cannot be written" in line["text"]
    code, said = site.told_by("refresh", "m")
    assert (code, said.split(":")[0]) == (ERROR, "STORAGE")
    assert f"the catalog {catalog} cannot be written" in said
    assert f"make {site.path} and the files in it writable" in said
    assert site.told_by("--json", "sql", "SELECT count(*) AS n FROM v") == (0, '[{"n": 3}]\n')
    assert site.live() == {"m": 1, "v": 1, "w": 1}
    namespace.unmount(catalog)
    assert_recovered(site, running)


def test_on_a_disk_that_is_full_to_the_last_byte_everything_waits_until_there_is_room(
    small_site, namespace
):
    site = small_site
    running = site.daemon("--no-upkeep", fault="held in training")
    site.commit()
    site.met()
    ballast = namespace.do(fill, site.path.parent)
    site.let_go()
    for line in refusals(running):
        said = f"{line['text']} {line.get('error')}"
        assert any(words in said for words in ("no space", "No space", "disk I/O error", "full")), (
            line
        )
    code, said = site.told_by("refresh", "m")
    assert (code, said.split(":")[0] in NO_ROOM) == (ERROR, True)
    assert "full" in said or "no space is left" in said
    assert site.live()["m"] == 1
    namespace.do(ballast.unlink)
    assert_recovered(site, running)
    site.assert_collected()
