"""What a statement that nobody understands may have meant to say."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from mlview.errors import SyntaxProblem, did_you_mean
from mlview.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlview.sql.tokens import Token

_ACTIONS = frozenset({"SUSPEND", "RESUME", "PIN", "UNPIN", "ROLLBACK"})
_OWN_CLAUSES = frozenset({"TARGET_LAG", "FRESHNESS", "PRIORITY", "REFRESH", "REFRESH_MODE"})
_VERBS = ("REFRESH", "CREATE", "ALTER", "DROP", "UNDROP", "EXPLAIN", "DESCRIBE", "SHOW")
_KINDS = frozenset({"MODEL", "MATERIALIZED", "ALL"})
_SHOWN = ("MODELS", "MATERIALIZED VIEWS", "TABLES", "SCHEMAS", "DATABASES")
_COMMANDS = {
    "VERIFY": "db.verify('name') in Python, or mlview verify name in a shell",
    "PLAN": "FROM mlview.plan",
    "STATUS": "FROM mlview.staleness",
}


def meant(text: str, tables: Collection[str]) -> str | None:
    """A hint for a statement that was refused as SQL, where its words are mlview's.

    Args:
        text: the statement.
        tables: the names of mlview's system tables.

    >>> meant("ALTER TABLE v SUSPEND", [])
    'write ALTER MATERIALIZED VIEW v SUSPEND, or ALTER MODEL v SUSPEND'
    >>> meant("SHOW MODLES", [])
    'write SHOW MODELS'
    >>> meant("SELECT", []) is None
    True
    """
    try:
        tokens = [token for token in tokenize(text) if token.text != ";"]
    except SyntaxProblem:
        return None
    words = [token.word for token in tokens]
    match words:
        case ["SHOW", "CREATE", kind, *_] if kind not in _KINDS:
            name = _rest(text, tokens[2:])
            return f"write SHOW CREATE MATERIALIZED VIEW {name}, or SHOW CREATE MODEL {name}"
        case ["SHOW", _, *_]:
            return _shown(_rest(text, tokens[1:]), tables)
        case ["ALTER", "TABLE" | "VIEW", _, *_] if _is_own(words[_behind_name(tokens) :]):
            return _either(_rest(text, tokens[2:]))
        case [action, _, *_] if action in _ACTIONS:
            return _either(f"{_rest(text, tokens[1:])} {action}")
        case [command, *_] if command in _COMMANDS:
            return _COMMANDS[command]
        case [verb, kind, *_] if kind in _KINDS and verb not in _VERBS:
            return did_you_mean(tokens[0].text, _VERBS)
        case _:
            return None


def _rest(text: str, tokens: Sequence[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end]


def _shown(what: str, tables: Collection[str]) -> str | None:
    written = {name: f"FROM mlview.{name}" for name in tables}
    written |= {name.lower(): query for name, query in _COMMANDS.items() if query[:4] == "FROM"}
    written |= {name.lower(): f"SHOW {name}" for name in _SHOWN}
    near = get_close_matches(what.lower(), written, n=1)
    return f"write {written[near[0]]}" if near else None


def _behind_name(tokens: Sequence[Token]) -> int:
    """The place behind the name in ALTER TABLE name or ALTER TABLE schema.name."""
    place = 3
    while place + 1 < len(tokens) and tokens[place].text == ".":
        place += 2
    return place


def _is_own(words: Sequence[str]) -> bool:
    """Whether what is altered is what only models and materialized views have."""
    match words:
        case [action, *_] if action in _ACTIONS:
            return True
        case ["SET" | "UNSET", clause, *_]:
            return clause in _OWN_CLAUSES
        case _:
            return False


def _either(rest: str) -> str:
    return f"write ALTER MATERIALIZED VIEW {rest}, or ALTER MODEL {rest}"
