"""What DuckDB's own parser says a statement may do."""

import duckdb
import pytest

from mlview.engines.statements import Effect, classify


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("FROM t", Effect.READS),
        ("/* INSERT */ -- DELETE\n SELECT 1", Effect.READS),
        ("PIVOT t ON a", Effect.READS),
        ("SHOW TABLES", Effect.READS),
        ("SET threads = 1", Effect.READS),
        ("COPY t TO 'x.parquet'", Effect.READS),
        ("COPY (SELECT 1 FROM t) TO 'x.parquet'", Effect.READS),
        ("EXPLAIN INSERT INTO t VALUES (1)", Effect.READS),
        ("CREATE OR REPLACE TEMP TABLE x AS SELECT 1", Effect.READS),
        ("FROM ducklake_table_insertions('lake', 'main', 't', 1, 2)", Effect.READS),
        ("COPY t FROM 'x.parquet'", Effect.WRITES),
        ("WITH x AS (SELECT 1) INSERT INTO t FROM x", Effect.WRITES),
        ("EXPLAIN ANALYZE INSERT INTO t VALUES (1)", Effect.WRITES),
        ("EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM t", Effect.WRITES),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", Effect.WRITES),
        ("CREATE TABLE p AS PIVOT t ON a", Effect.WRITES),
        ("COMMENT ON TABLE t IS 'x'", Effect.WRITES),
        ("TRUNCATE t", Effect.WRITES),
        ("CALL ducklake_flush_inlined_data('lake')", Effect.WRITES),
        ("FROM ducklake_merge_adjacent_files('lake')", Effect.WRITES),
        ("EXECUTE p", Effect.WRITES),
        ("CHECKPOINT", Effect.WRITES),
        ("-- now\nBEGIN READ ONLY", Effect.BEGINS),
        ("START TRANSACTION", Effect.BEGINS),
        ("END", Effect.COMMITS),
        ("ABORT", Effect.ROLLS_BACK),
    ],
)
def test_the_effect_of_a_statement_is_known_before_it_runs(sql, effect):
    with duckdb.connect() as connection:
        assert classify(connection, sql).effect is effect
