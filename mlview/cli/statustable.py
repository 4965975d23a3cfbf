"""The status of all views as a table that fits 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mlview.cli.standing import short_length
from mlview.definitions import Kind
from mlview.planning.alarms import Alarm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mlview.cli.standing import Standing

_STYLES = {Alarm.OK: "green", Alarm.WARN: "yellow", Alarm.BROKEN: "bold red"}
_UNKNOWN = "unknown"
_WIDEST_NAME = 20


def status_table(found: Sequence[Standing], now: datetime) -> Group:
    """One row per view, and below a line for each note."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("name", overflow="fold", max_width=_WIDEST_NAME)
    table.add_column("kind")
    table.add_column("state")
    table.add_column("lag", justify="right")
    table.add_column("target", justify="right")
    table.add_column("pending", justify="right")
    table.add_column("last action", overflow="fold")
    for standing in found:
        table.add_row(*_cells(standing, now))
    notes = [
        Text(f"{standing.staleness.name.plain}: {note}", style=_STYLES[standing.alarm])
        for standing in found
        for note in standing.notes
    ]
    return Group(table, *notes)


def _cells(standing: Standing, now: datetime) -> list[Text]:
    stale, style = standing.staleness, _STYLES[standing.alarm]
    lag = _UNKNOWN if stale.lag_sec is None else short_length(stale.lag_sec)
    target = "" if stale.target_lag_sec is None else short_length(stale.target_lag_sec)
    rows = _UNKNOWN if stale.changed_rows is None else f"{stale.changed_rows:,}"
    return [
        Text(stale.name.plain),
        Text("model" if stale.kind is Kind.MODEL else "view"),
        Text(str(stale.state), style=style),
        Text(lag, style=style),
        Text(target),
        Text(rows),
        Text(_last(standing, now)),
    ]


def _last(standing: Standing, now: datetime) -> str:
    last = standing.last
    if last is None:
        return "none"
    ago = f"{short_length(max((now - last.at).total_seconds(), 0.0))} ago"
    return f"{last.action if last.state == 'SUCCEEDED' else last.state} {ago}"
