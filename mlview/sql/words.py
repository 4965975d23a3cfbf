"""What DuckDB's functions do, by name: the lists the checks go by."""

from __future__ import annotations

AGGREGATES = frozenset(
    [
        *("any_value", "approx_count_distinct", "approx_quantile", "approx_top_k", "arbitrary"),
        *("arg_max", "arg_max_null", "arg_max_nulls_last", "arg_min", "arg_min_null"),
        *("arg_min_nulls_last", "argmax", "argmin", "array_agg", "avg", "bit_and", "bit_or"),
        *("bit_xor", "bitstring_agg", "bool_and", "bool_or", "corr", "count", "count_if"),
        *("count_star", "countif", "covar_pop", "covar_samp", "entropy", "favg", "first"),
        *("fsum", "geometric_mean", "geomean", "group_concat", "histogram", "histogram_exact"),
        *("json_group_array", "json_group_object", "json_group_structure", "kahan_sum"),
        *("kurtosis", "kurtosis_pop", "last", "list", "listagg", "mad", "max", "max_by", "mean"),
        *("median", "min", "min_by", "mode", "product", "quantile", "quantile_cont"),
        *("quantile_disc", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2"),
        *("regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "reservoir_quantile", "sem"),
        *("skewness", "stddev", "stddev_pop", "stddev_samp", "string_agg", "sum"),
        *("sum_no_overflow", "sumkahan", "var_pop", "var_samp", "variance", "weighted_avg"),
        *("wavg", "list_agg", "grouping", "grouping_id"),
    ]
)
CLOCK_FUNCTIONS = frozenset(
    [
        *("now", "today", "current_date", "current_time", "current_timestamp", "localtime"),
        *("localtimestamp", "current_localtime", "current_localtimestamp", "get_current_time"),
        *("get_current_timestamp", "transaction_timestamp", "statement_timestamp"),
        *("clock_timestamp", "current_local_time", "current_local_timestamp"),
    ]
)
CLOCK_WORDS = frozenset(
    ["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"]
)
VOLATILE = frozenset(
    [
        *("random", "setseed", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "nextval"),
        *("currval", "txid_current", "current_transaction_id", "current_query"),
        *("current_query_id", "current_connection_id", "pg_backend_pid", "sleep_ms", "write_log"),
        *("stats", "reservoir_quantile", "error"),
    ]
)
SESSION_FUNCTIONS = frozenset(
    [
        *("getvariable", "current_setting", "getenv", "version", "current_user", "session_user"),
        *("user", "current_role", "current_database", "current_catalog", "current_schema"),
        *("current_schemas", "in_search_path", "pg_conf_load_time", "duckdb_version"),
    ]
)
SESSION_WORDS = frozenset(
    ["current_user", "session_user", "user", "current_role", "current_catalog", "current_schema"]
)
ORDERED_AGGREGATES = frozenset(
    [
        *("first", "last", "any_value", "arbitrary", "list", "array_agg", "list_agg", "string_agg"),
        *("group_concat", "listagg", "json_group_array", "json_group_object"),
        *("approx_quantile", "approx_top_k"),
    ]
)
ORDERED_WINDOWS = frozenset(
    [
        *("row_number", "first_value", "last_value", "nth_value", "lag", "lead", "ntile", "fill"),
    ]
)
PURE_TABLE_FUNCTIONS = frozenset(
    [
        *("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"),
        *("summary", "generate_subscripts"),
    ]
)
SYSTEM_SCHEMAS = frozenset(["information_schema", "pg_catalog"])
CLAUSE_WORDS = frozenset(
    [
        *("FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT", "OFFSET"),
        *("FETCH", "UNION", "INTERSECT", "EXCEPT", "SELECT"),
    ]
)
# Words that DuckDB does not take for the alias of a relation (reserved, or part of a join).
NOT_AN_ALIAS = frozenset(
    [
        *("ALL", "AND", "ANTI", "ANY", "AS", "ASC", "ASOF", "BY", "CROSS", "DESC", "DISTINCT"),
        *("ELSE", "END", "EXCEPT", "FETCH", "FOR", "FROM", "FULL", "GROUP", "HAVING", "IN"),
        *("INNER", "INTERSECT", "INTO", "IS", "ISNULL", "JOIN", "LATERAL", "LEFT", "LIMIT"),
        *("NATURAL", "NOT", "NOTNULL", "NULL", "OFFSET", "ON", "OR", "ORDER", "OUTER", "PIVOT"),
        *("PIVOT_LONGER", "PIVOT_WIDER", "POSITIONAL", "QUALIFY", "RETURNING", "RIGHT", "SELECT"),
        *("SEMI", "SET", "TABLESAMPLE", "THEN", "TO", "UNION", "UNPIVOT", "USING", "VALUES"),
        *("WHEN", "WHERE", "WINDOW", "WITH", "AT"),
    ]
)
