"""Rows with a model's predictions beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview import learners
from mlview.definitions import fold, quote
from mlview.errors import ColumnMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mlview.definitions import Name
    from mlview.learners import Fitted


def with_predictions(
    fitted: Fitted, data: pa.Table, model: Name
) -> tuple[pa.Table, Mapping[str, int]]:
    """The input's columns, then the prediction's; and per column, how many values were unseen.

    Raises:
        ColumnMismatch: a feature is missing or has another type, or an input column has the name
            of a prediction.
    """
    taken: dict[str, str] = {}
    for column in data.column_names:
        if fold(column) in taken:
            raise ColumnMismatch(
                f"the input of {model} has two columns called {taken[fold(column)]} and {column}",
                name=model.plain,
                hint="select one of them, or give it another name",
            )
        taken[fold(column)] = column
    for output in fitted.signature.outputs:
        if fold(output.name) in taken:
            column = taken[fold(output.name)]
            raise ColumnMismatch(
                f"the input of {model} has a column {column}, as its prediction is called",
                name=model.plain,
                hint=f"give it another name: {quote(column)} AS {quote('input_' + column)}",
            )
    result = learners.predict(fitted, data)
    answer = data
    for field, column in zip(result.table.schema, result.table.columns, strict=True):
        answer = answer.append_column(field, column)
    return answer, result.unseen
