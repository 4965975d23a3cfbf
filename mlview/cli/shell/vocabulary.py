"""What a prompt can complete: keywords, names of this database, and their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.definitions import fold, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.session import Database

KEYWORDS = tuple(
    """
    SELECT FROM WHERE GROUP BY ORDER HAVING QUALIFY LIMIT OFFSET JOIN LEFT INNER FULL CROSS ASOF
    USING ON AS AND OR NOT NULL IS IN BETWEEN LIKE CASE WHEN THEN ELSE END DISTINCT UNION ALL EXCEPT
    INTERSECT WITH VALUES CREATE REPLACE TABLE VIEW MATERIALIZED MODEL PREDICT KEY TIME IGNORE
    HOLDOUT LAST TARGET_LAG DOWNSTREAM FRESHNESS WARN ERROR AFTER SOURCE WITHIN PRIORITY OWNER DATA
    REFRESH CASCADE ALTER SET SUSPEND RESUME RENAME TO PIN VERSION UNPIN ROLLBACK DROP UNDROP IF
    EXISTS COMMENT EXPLAIN SHOW MODELS VIEWS DESCRIBE ML.PREDICT ML.EVALUATE ML.FEATURE_IMPORTANCE
    ML.CONFUSION_MATRIX INSERT INTO UPDATE DELETE MERGE COPY BEGIN COMMIT INTERVAL FILTER OVER
    PARTITION ASC DESC true false
    """.split()  # noqa: SIM905 - words read best as text
)
SYSTEM_SCHEMA = "mlview"
_PART = r'(?:"(?:[^"]|"")*"?|[^\W\d]\w*)'
_TYPED = re.compile(rf"(?:(?P<before>{_PART})\.)?(?P<word>{_PART})?$")
RELATIONS = """
    SELECT table_schema AS schema, table_name AS name, replace(table_type, 'BASE ', '') AS kind
    FROM information_schema.tables WHERE table_catalog = 'lake'
    UNION ALL SELECT NULL, name, 'MATERIALIZED VIEW' FROM mlview.materialized_views
    UNION ALL SELECT NULL, name, 'MODEL' FROM mlview.models
    ORDER BY ALL
"""
_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_catalog = 'lake' ORDER BY ordinal_position
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that may stand at the cursor, in place of the last `replaces` characters."""

    text: str
    replaces: int
    what: str


@dataclass
class Vocabulary:
    """Relations with their columns, and the system tables."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    system_tables: tuple[str, ...] = ()

    def complete(self, before: str) -> list[Candidate]:
        """The candidates for a text up to the cursor.

        Behind `relation.` its columns, behind `mlview.` the system tables; elsewhere names,
        columns, then keywords. Within a string nothing, and nothing before anything was typed.

        >>> words = Vocabulary({"flights": ("carrier", "late")}, ("models",))
        >>> [c.text for c in words.complete("SELECT flights.c")]
        ['carrier']
        >>> [c.text for c in words.complete("from fl")], [c.text for c in words.complete("from '")]
        (['flights'], [])
        """
        typed = _TYPED.search(before)
        if typed is None or not typed[0] or before.count("'") % 2:
            return []
        word, schema = typed["word"] or "", typed["before"]
        start = fold(word.strip('"'))
        if schema is not None:
            offered = self._behind(fold(schema.strip('"')))
        else:
            offered = self._anywhere(upper=not word.islower())
        return [
            Candidate(text, len(word), what)
            for text, what in dict(offered).items()
            if fold(text.strip('"')).startswith(start) and text != word
        ]

    def _behind(self, owner: str) -> list[tuple[str, str]]:
        if owner == SYSTEM_SCHEMA:
            return [(name, "system table") for name in self.system_tables]
        known = {fold(name): columns for name, columns in self.columns.items()}
        # An unknown owner may be an alias, of any relation.
        columns = known.get(owner) or tuple(c for found in known.values() for c in found)
        return [(quote(name), "column") for name in columns]

    def _anywhere(self, *, upper: bool) -> list[tuple[str, str]]:
        offered = [(quote(name), "relation") for name in self.columns]
        offered += [(f"{SYSTEM_SCHEMA}.{name}", "system table") for name in self.system_tables]
        offered += [(quote(c), "column") for columns in self.columns.values() for c in columns]
        known = {text for text, _ in offered}
        words = KEYWORDS if upper else tuple(word.lower() for word in KEYWORDS)
        return offered + [(word, "keyword") for word in words if word not in known]


def vocabulary_of(db: Database) -> Vocabulary:
    """The names that a database has now."""
    from mlview.session.system_tables import COLUMNS  # noqa: PLC0415 - session is heavy

    columns: dict[str, tuple[str, ...]] = {}
    for table, column in db.sql(_COLUMNS).fetchall():
        columns[table] = (*columns.get(table, ()), column)
    for handle in (*db.materialized_views, *db.models):
        live = handle.live_version
        columns[handle.name] = tuple(column.name for column in live.schema) if live else ()
    return Vocabulary(columns, tuple(COLUMNS))
