"""What changed in the rows of a query between two snapshots."""

from mlview.engines.differencing.crossing import first_crossing
from mlview.engines.differencing.query import (
    QueryDelta,
    query_delta,
    query_operators,
    query_text_at,
    release,
)
from mlview.engines.sources import Source

__all__ = [
    "QueryDelta",
    "Source",
    "first_crossing",
    "query_delta",
    "query_operators",
    "query_text_at",
    "release",
]
