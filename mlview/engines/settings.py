"""The session settings that definitions run under, whatever the user has set."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every setting of DuckDB 1.5 that can change the rows or the acceptance of a query.
DEFINITION_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "TimeZone": "UTC",
        "Calendar": "gregorian",
        "binary_as_string": "false",
        "default_collation": "",
        "default_null_order": "NULLS_LAST",
        "default_order": "ASCENDING",
        "deprecated_using_key_syntax": "DEFAULT",
        "disable_timestamptz_casts": "false",
        "ieee_floating_point_ops": "true",
        "integer_division": "false",
        "lambda_syntax": "DEFAULT",
        "max_expression_depth": "1000",
        "old_implicit_casting": "false",
        "order_by_non_integer_literal": "false",
        "pivot_limit": "100000",
        "preserve_identifier_case": "true",
        "preserve_insertion_order": "true",
        "scalar_subquery_error_on_multiple_rows": "true",
    }
)
