"""Results on stdout: tables for people, JSON for programs."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from mlview.cli.jsonrows import plain, rows_as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from mlview.session import Result

PIPE_WIDTH = 100


def console() -> Console:
    """Stdout as wide as the terminal, or 100 columns where it is none."""
    from rich.console import Console  # noqa: PLC0415 - --help and --json do without

    if sys.stdout.isatty():
        return Console()
    return Console(width=shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)


class Answer:
    """A result whose rows have all been read, ready to be printed."""

    def __init__(self, result: Result, *, as_json: bool) -> None:
        self._result = result
        self._json = _json_of(result) if as_json else None
        if self._json is None:
            result.arrow()

    @property
    def failed(self) -> bool:
        """Whether part of what was asked for could not be done."""
        return self._result.failed is not None

    def print(self) -> None:
        """As a table or a card with its notices, or as JSON without them."""
        if self._json is None:
            from mlview.session.display import show  # noqa: PLC0415 - --json does without

            show(self._result, console())
            return
        click.echo(self._json.encode())

    def print_notices(self) -> None:
        """Each notice as a JSON object on stderr."""
        for notice in self._result.notices:
            click.echo(json.dumps({"notice": notice}, ensure_ascii=False).encode(), err=True)


def print_objects(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows that are no result of a statement, as a JSON array of objects."""
    lines = (json.dumps({k: plain(v) for k, v in row.items()}, ensure_ascii=False) for row in rows)
    click.echo(("[" + ",\n ".join(lines) + "]").encode())


def _json_of(result: Result) -> str:
    if not result.has_rows:
        return "[]"
    from mlview.session.values import is_moment, moments  # noqa: PLC0415 - --help does without

    rows = result.fetchall()
    types = [column.type for column in result.columns]
    if any(map(is_moment, types)) and "VARIANT" not in types:  # which has no Arrow type
        rows = moments(rows, result.arrow())
    return rows_as_json(result.columns, rows)
