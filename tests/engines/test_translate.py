"""What DuckDB reports of the disk, in mlview's words."""

from __future__ import annotations

import duckdb
import pytest

from mlview.engines.translate import translate

WRAPPED = 'IO Error: Failed to prepare query "SELECT type FROM sqlite_master": '


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("unable to open database file", "the lake cannot be opened: unable to open database file"),
        ("attempt to write a readonly database", "the lake cannot be written: readonly database"),
        ("disk I/O error", "the lake cannot be read or written: disk I/O error"),
    ],
)
def test_a_disk_that_refuses_is_a_storage_problem_without_the_statement(said, message):
    found = translate(duckdb.IOException(WRAPPED + said))
    assert (found.error_code, found.message) == ("STORAGE", message)
    assert found.hint.startswith("check ")
    assert "SELECT" not in str(found)


@pytest.mark.parametrize("where", ["", "Failed to read inlined data from DuckLake: "])
def test_rows_flushed_by_another_client_are_no_unknown_name(where):
    said = f"Catalog Error: {where}Table with name ducklake_inlined_data_1_2 does not exist!"
    found = translate(duckdb.CatalogException(said + '\nDid you mean "ducklake_inlined_data_1_3"?'))
    assert found.error_code == "LAKE"
    assert found.hint == "close the database and open it again"
