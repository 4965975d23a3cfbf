"""Names of relations and how they are written in SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

RESERVED_SCHEMAS = frozenset({"mlview", "ml"})
DEFAULT_SCHEMA = "main"
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE | re.ASCII)
_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
# Words DuckDB reserves: an identifier spelled like one is quoted.
_RESERVED_WORDS = frozenset(
    [
        *("all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric"),
        *("both", "case", "cast", "check", "collate", "column", "constraint", "create"),
        *("default", "deferrable", "desc", "describe", "distinct", "do", "else", "end"),
        *("except", "false", "fetch", "for", "foreign", "from", "group", "having", "in"),
        *("initially", "intersect", "into", "lambda", "lateral", "leading", "limit", "not"),
        *("null", "offset", "on", "only", "or", "order", "pivot", "pivot_longer"),
        *("pivot_wider", "placing", "primary", "qualify", "references", "returning"),
        *("select", "show", "some", "summarize", "symmetric", "table", "then", "to"),
        *("trailing", "true", "union", "unique", "unpivot", "using", "variadic", "when"),
        *("where", "window", "with"),
        *("anti", "asof", "at", "authorization", "binary", "by", "collation", "columns"),
        *("concurrently", "cross", "freeze", "full", "generated", "glob", "ilike", "inner"),
        *("is", "isnull", "join", "left", "like", "map", "natural", "notnull", "outer"),
        *("overlaps", "positional", "right", "semi", "similar", "struct", "tablesample"),
        *("try_cast", "unpack", "verbose"),
    ]
)


def fold(identifier: str) -> str:
    """An identifier as DuckDB compares it: ASCII letters lowered, everything else as it is.

    >>> fold("Straße_ID")
    'straße_id'
    """
    return identifier.translate(_UPPER)


def quote(identifier: str) -> str:
    """An identifier as SQL, quoted only where it must be.

    >>> quote("carrier"), quote("two words"), quote('a"b'), quote("select")
    ('carrier', '"two words"', '"a""b"', '"select"')
    """
    if _PLAIN.fullmatch(identifier) and fold(identifier) not in _RESERVED_WORDS:
        return identifier
    return always_quote(identifier)


def always_quote(identifier: str) -> str:
    """An identifier as quoted SQL, whatever it is."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Name:
    """A relation's name: equal to another that differs in ASCII case only.

    >>> Name("Flights") == Name("flights", "main")
    True
    >>> str(Name("two words", "raw"))
    'raw."two words"'
    """

    name: str = field(compare=False)
    schema: str = field(default=DEFAULT_SCHEMA, compare=False)
    key: tuple[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep what names are compared by."""
        object.__setattr__(self, "key", (fold(self.schema), fold(self.name)))

    def __str__(self) -> str:
        """As a user would type it: the schema only where it is not the default one."""
        if self.key[0] == DEFAULT_SCHEMA:
            return quote(self.name)
        return f"{quote(self.schema)}.{quote(self.name)}"

    def __lt__(self, other: Name) -> bool:
        """Names sort by what they are compared by."""
        return self.key < other.key

    @property
    def plain(self) -> str:
        """Without quotes, as system tables show it."""
        return self.name if self.key[0] == DEFAULT_SCHEMA else f"{self.schema}.{self.name}"

    @property
    def qualified(self) -> str:
        """Schema and name, always quoted: the form records keep, read back by `from_qualified`."""
        return f"{always_quote(self.schema)}.{always_quote(self.name)}"

    @classmethod
    def from_qualified(cls, text: str) -> Name:
        """The name that `qualified` wrote.

        >>> Name.from_qualified(Name('a"."b', "s").qualified).name
        'a"."b'
        """
        schema, name = (
            part.replace('""', '"') for part in re.findall(r'"((?:[^"]|"")*)"(?:\.|$)', text)
        )
        return cls(name, schema)
