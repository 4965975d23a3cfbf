"""What a statement answers with: rows, and what the user should be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.records import Column
from mlview.session.display import as_html, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl

    from mlview.engines import QueryResult
    from mlview.errors import MlviewError
    from mlview.lifecycle.cards import Card


class Result:
    """Rows of one statement, in the form that is asked for; valid whatever runs afterwards.

    Attributes:
        notices: what the user should be told beside the rows.
        card: what CREATE says of a new view, if the statement was one.
        has_rows: False for statements that only do something.
        failed: the first error of a statement that went on after it, as REFRESH ALL does.
    """

    def __init__(
        self,
        rows: QueryResult | pa.Table,
        *,
        notices: tuple[str, ...] = (),
        card: Card | None = None,
        has_rows: bool = True,
        failed: MlviewError | None = None,
    ) -> None:
        self._rows = rows
        self.notices = notices
        self.card = card
        self.has_rows = has_rows
        self.failed = failed

    @property
    def columns(self) -> tuple[Column, ...]:
        """Name and type of each column."""
        if isinstance(self._rows, pa.Table):
            return tuple(Column(f.name, str(f.type)) for f in self._rows.schema)
        return self._rows.columns

    def arrow(self) -> pa.Table:
        """All rows as an Arrow table."""
        return self._rows if isinstance(self._rows, pa.Table) else self._rows.arrow()

    def df(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame."""
        return self._rows.to_pandas() if isinstance(self._rows, pa.Table) else self._rows.df()

    def pl(self) -> pl.DataFrame:
        """All rows as a polars DataFrame; needs polars."""
        if isinstance(self._rows, pa.Table):
            import polars as pl  # noqa: PLC0415 - optional, loaded only where it is asked for

            return pl.DataFrame(self._rows)
        return self._rows.pl()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows as Python tuples."""
        if not isinstance(self._rows, pa.Table):
            return self._rows.fetchall()
        columns = [column.to_pylist() for column in self._rows.columns]
        return list(zip(*columns, strict=True))

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row, or None."""
        return next(iter(self.fetchall()), None)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())

    def __len__(self) -> int:
        return len(self.arrow())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows for any library that speaks Arrow's C stream interface."""
        return self.arrow().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


def said(message: str, notices: tuple[str, ...] = ()) -> Result:
    """The answer of a statement that only does something."""
    return Result(pa.table({"result": [message]}), has_rows=False, notices=notices)
