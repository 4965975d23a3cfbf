"""Who reads for a refresh reads catalogs in which nothing moves."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from mlview.definitions import Name
from mlview.engines.frozen import FrozenCatalog
from mlview.errors import MlviewError, StorageProblem

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
T = Name("t")


@pytest.fixture
def alter(engine):
    """Change the live catalog in another process, as commits do."""

    def alter(*statements, lake="lake"):
        program = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n"
        program += "".join(f"c.execute({statement!r})\n" for statement in statements)
        program += "c.commit()"
        subprocess.run([sys.executable, "-c", program, engine.path / f"{lake}.sqlite"], check=True)

    return alter


@pytest.fixture
def deleted_from(connection, engine):
    """A snapshot at which ten of fifty rows are deleted, by a file of their places."""
    connection.run("CREATE TABLE t AS SELECT range AS a FROM range(50)")
    connection.run("DELETE FROM t WHERE a < 10")
    return engine.current_snapshot().id


@pytest.fixture
def catalog(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    source = folder / "it's a catalog.sqlite"
    program = """import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("PRAGMA journal_mode = WAL")
c.execute("CREATE TABLE numbers (n)")
c.execute("CREATE TABLE ducklake_table_column_stats (column_id)")
c.execute("INSERT INTO numbers VALUES (1)")
c.commit()
print(flush=True)
for line in sys.stdin:
    c.execute("INSERT INTO numbers VALUES (?)", [int(line)])
    c.commit()
    print(flush=True)"""
    with subprocess.Popen(
        [sys.executable, "-c", program, source],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as writer:  # fmt: skip
        writer.stdout.readline()

        def add(number):
            print(number, file=writer.stdin, flush=True)
            writer.stdout.readline()

        yield FrozenCatalog(source, tmp_path / "spill"), add
        writer.stdin.close()


def numbers(frozen):
    program = """import sqlite3, sys
print(*sqlite3.connect(sys.argv[1]).execute("SELECT sum(n) FROM numbers").fetchone())"""
    done = subprocess.run(
        [sys.executable, "-c", program, frozen.path], check=True, capture_output=True
    )
    return int(done.stdout)


def test_a_copy_has_every_commit_also_those_that_are_in_the_log(catalog):
    frozen, add = catalog
    before = frozen.now()
    add(10)
    after = frozen.now()
    assert (numbers(before), numbers(after)) == (1, 11)


def test_what_has_not_changed_is_not_copied_again(catalog):
    frozen, add = catalog
    add(10)
    assert frozen.now() is frozen.now()


def test_a_copy_is_gone_once_nobody_refers_to_it(catalog):
    frozen, add = catalog
    first = frozen.now().path
    kept = frozen.now()
    add(10)
    second = frozen.now().path
    assert first.exists()
    del kept
    assert not first.parent.exists()
    assert second.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_can_be_written_that_is_said(catalog, tmp_path):
    frozen, _ = catalog
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(MlviewError, match="Permission denied"):
        frozen.now()
    tmp_path.chmod(stat.S_IRWXU)


@pytest.fixture
def around_copying(tmp_path, monkeypatch):
    """Have something happen before or after every copy."""

    def around_copying(script):
        program = tmp_path / "bin" / "cp"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return around_copying


def test_an_empty_log_may_go_while_the_catalog_is_copied(tmp_path, around_copying):
    source = tmp_path / "catalog.sqlite"
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
    tables = "CREATE TABLE numbers AS SELECT 7 AS n; CREATE TABLE ducklake_table_column_stats (n);"
    subprocess.run([sys.executable, "-c", program, source, tables], check=True)
    log = tmp_path / "catalog.sqlite-wal"
    log.touch()
    around_copying(f'rm -f "{log}"; exec /bin/cp "$@"')
    assert numbers(FrozenCatalog(source, tmp_path / "spill").now()) == 7
    assert not log.exists()


def test_a_log_that_goes_while_the_catalog_is_copied_is_in_the_next_copy(
    catalog, tmp_path, around_copying
):
    """Somebody writes the log's pages into the catalog just when it would be copied."""
    frozen, add = catalog
    add(10)
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()"
    checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
    around_copying(
        f'"{sys.executable}" -c "{program}" "$2" "{checkpoint}"; '
        'for file in "$@"; do [ -s "$file" ] || [ -d "$file" ] || rm -f "$file"; done; '
        'exec /bin/cp "$@"'
    )
    assert numbers(frozen.now()) == 11


def test_ctrl_c_at_a_terminal_does_not_reach_the_copy(catalog, tmp_path, around_copying):
    """It reaches the whole process group in front."""
    frozen, _ = catalog
    group = tmp_path / "group"
    around_copying(
        f'"{sys.executable}" -c "import os; print(os.getpgrp())" > "{group}"; exec /bin/cp "$@"'
    )
    frozen.now()
    assert int(group.read_text()) != os.getpgrp()


def test_a_catalog_that_never_rests_is_said_to_be_busy(catalog, tmp_path, around_copying):
    """Somebody writes while each copy is made."""
    frozen, _ = catalog
    source = tmp_path / "here" / "it's a catalog.sqlite"
    around_copying('/bin/cp "$@"; printf x >> "$2"')
    with pytest.raises(StorageProblem) as refused:
        frozen.now()
    assert refused.value.error_code == "CATALOG_BUSY"
    assert source.name in str(refused.value)
    assert not list((tmp_path / "spill").iterdir())


def test_rows_do_not_come_back_to_a_reader_while_their_file_is_being_replaced(
    engine, deleted_from, alter
):
    with engine.reader(deleted_from, refresh_time=NOON) as reader:
        alter("DELETE FROM ducklake_delete_file")
        assert reader.run("SELECT count(*), min(a) FROM t") == [(40, 10)]


def test_a_reader_has_the_newest_commit_also_where_one_was_idle(engine, connection, deleted_from):
    with engine.reader(deleted_from, refresh_time=NOON) as reader:
        assert reader.run("SELECT count(*) FROM t") == [(40,)]
    connection.run("INSERT INTO t SELECT range FROM range(100, 120)")
    with engine.reader(engine.current_snapshot().id, refresh_time=NOON) as reader:
        assert reader.run("SELECT count(*) FROM t") == [(60,)]


def test_a_column_of_an_earlier_type_is_read_though_it_could_not_hold_todays_values(
    engine, connection
):
    connection.run("CREATE TABLE t AS SELECT range::INTEGER AS a FROM range(50)")
    earlier = engine.current_snapshot().id
    connection.run("ALTER TABLE t ALTER a SET DATA TYPE BIGINT")
    connection.run("INSERT INTO t VALUES (3000000000)")
    with engine.reader(earlier, refresh_time=NOON) as reader:
        assert reader.run("SELECT count(*), max(a) FROM t WHERE a > 3") == [(46, 49)]


def test_no_more_copies_are_left_than_are_read(engine, connection, deleted_from):
    for number in range(5):
        connection.run(f"INSERT INTO t VALUES ({number})")
        engine.reader(engine.current_snapshot().id, refresh_time=NOON).close()
    left = list((engine.path / "spill").rglob("lake.sqlite"))
    assert len(left) == 1


def test_a_table_is_disturbed_by_whatever_is_written_to_it(engine, connection, deleted_from):
    connection.run("CREATE TABLE other AS SELECT 1 AS a")
    tables = engine.tables(engine.current_snapshot().id)
    ids = [tables[T].table_id]

    def disturbed_by(*statements):
        before = engine.current_snapshot().id
        for statement in statements:
            connection.run(statement)
        return engine.disturbed(ids, before)

    assert not disturbed_by()
    assert not disturbed_by("INSERT INTO other VALUES (2)", "DROP TABLE other")
    assert disturbed_by("DELETE FROM t WHERE a = 20")
    assert disturbed_by("INSERT INTO t VALUES (1)")
    for number in range(3):
        connection.run(f"INSERT INTO t SELECT {number} FROM range(1000)")
    merged_from = engine.current_snapshot().id
    engine.merge("lake", T, below=1 << 30, limit=1e9)
    assert engine.current_snapshot().id > merged_from
    assert engine.disturbed(ids, merged_from)
    assert disturbed_by("ALTER TABLE t ADD COLUMN b INTEGER")
