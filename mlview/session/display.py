"""Results as people see them: tables that fit the terminal, and HTML in notebooks."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mlview.session.values import column_values, format_value

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import RenderableType

    from mlview.lifecycle.cards import Card
    from mlview.session.result import Result

SHOWN_ROWS = 40
WIDTH = 100
_GAP = 3
_WIDEST = 60
_FEW_ROWS = 5
_FOLDED = 24
_NUMERIC = ("int", "uint", "float", "double", "decimal")


def as_text(result: Result, width: int = WIDTH) -> str:
    """A result as plain text, at most `width` characters wide."""
    out = io.StringIO()
    show(result, Console(file=out, width=width, no_color=True))
    return out.getvalue().rstrip("\n")


def show(result: Result, console: Console) -> None:
    """Print a result with its notices."""
    if result.card is not None:
        console.print(_card(result.card))
        return
    table = result.arrow()
    if not result.has_rows:
        counted = table.column_names == ["Count"]
        for line in table.column(0).to_pylist():
            console.print(Text(_rows_said(line) if counted else str(line)))
    else:
        rows = _Rows(table)
        console.print(rows.fitting(console.width))
        console.print(Text(rows.said, style="dim"))
    for notice in result.notices:
        console.print(Text(f"! {notice}", style="yellow"))


def as_html(result: Result) -> str:
    """A result as an HTML table, every value escaped."""
    rows = _Rows(result.card.table() if result.card is not None else result.arrow())
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows.names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>"
        for line in rows.lines
    )
    notices = "".join(f"<p>{html.escape(notice)}</p>" for notice in result.notices)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"{table}{notices}<p>{html.escape(rows.said)}</p>"


class _Rows:
    """The first rows of a table as text, laid out for a width."""

    def __init__(self, table: pa.Table) -> None:
        head = table.slice(0, SHOWN_ROWS)
        columns = [[format_value(v) for v in column_values(c)] for c in head.columns]
        self.names = [field.name for field in table.schema]
        self.numeric = [str(field.type).startswith(_NUMERIC) for field in table.schema]
        self.lines = [list(line) for line in zip(*columns, strict=True)]
        self.total = table.num_rows
        self.said = _count(table)

    def fitting(self, width: int) -> RenderableType:
        """A table; one record after the other where a few rows are too wide; else fewer columns."""
        widths = [
            min(max(map(cell_len, [name, *(line[i] for line in self.lines)])), _WIDEST)
            for i, name in enumerate(self.names)
        ]
        narrowed = self._narrowed(widths, width - _GAP * len(widths))
        if sum(narrowed) + _GAP * len(widths) <= width or len(widths) <= 2:  # noqa: PLR2004 - nothing to leave out
            return self._table(range(len(widths)), narrowed)
        if 0 < self.total <= _FEW_ROWS:
            return self._records()
        return self._table(self._that_fit(widths, width), widths)

    def _narrowed(self, widths: list[int], room: int) -> list[int]:
        """The widths, the widest texts folded to what there is room for."""
        narrowed = list(widths)
        for i in sorted(range(len(widths)), key=lambda i: -widths[i]):
            too_much = sum(narrowed) - room
            if too_much > 0 and not self.numeric[i] and len(self.lines) <= _FEW_ROWS * 4:
                narrowed[i] = max(min(widths[i], _FOLDED), widths[i] - too_much)
        return narrowed

    def _that_fit(self, widths: list[int], width: int) -> list[int]:
        """The first columns and the last, as many as there is room for."""
        room, chosen = width - _GAP, set[int]()
        order = [i // 2 if i % 2 == 0 else len(widths) - 1 - i // 2 for i in range(len(widths))]
        for i in order:
            if widths[i] + _GAP > room:
                break
            chosen.add(i)
            room -= widths[i] + _GAP
        shown = sorted(chosen or {0})
        self.said += f", {len(shown)} of {len(widths)} columns shown"
        return shown

    def _table(self, columns: range | list[int], widths: list[int]) -> Table:
        shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for i in columns:
            shown.add_column(
                Text(self.names[i]),
                justify="right" if self.numeric[i] else "left",
                overflow="fold",
                max_width=widths[i],
            )
        for line in self.lines:
            shown.add_row(*(Text(line[i]) for i in columns))
        return shown

    def _records(self) -> Group:
        parts = []
        for number, line in enumerate(self.lines, start=1):
            grid = Table.grid(padding=(0, 2))
            grid.add_column(style="bold", no_wrap=True)
            grid.add_column(overflow="fold")
            for name, cell in zip(self.names, line, strict=True):
                grid.add_row(Text(name), Text(cell))
            parts.append(Group(Text(f"row {number}", style="dim"), grid))
        return Group(*parts)


def _card(card: Card) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for item, value in card.lines:
        grid.add_row(Text(item), Text(value))
    parts: list[RenderableType] = [grid]
    parts += [Text(f"! {notice}", style="yellow") for notice in card.notices]
    if card.next_statement:
        parts.append(Text(f"next: {card.next_statement}", style="green"))
    return Panel(Group(*parts), title=Text(card.name.plain), title_align="left", box=box.ROUNDED)


def _rows_said(rows: int) -> str:
    return f"{rows:,} row" + ("" if rows == 1 else "s")


def _count(table: pa.Table) -> str:
    rows = table.num_rows
    count = _rows_said(rows)
    return count if rows <= SHOWN_ROWS else f"{count}, the first {SHOWN_ROWS} shown"
