"""Text that is no text: lone surrogates, which no database can keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlview.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_surrogates(
    script: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
) -> None:
    """Refuse text that cannot be written as UTF-8.

    Raises:
        UsageProblem: with the place of the first such character.
    """
    given = parameters.values() if isinstance(parameters, Mapping) else parameters or ()
    for what, text in (("the statement", script), *(("a parameter", value) for value in given)):
        if not isinstance(text, str):
            continue
        try:
            text.encode()
        except UnicodeEncodeError as problem:
            raise UsageProblem(
                f"{what} has a lone surrogate at character {problem.start + 1}, which is no text",
                code="NOT_UTF8",
                hint="text.encode('utf-8', 'replace').decode() puts a question mark there",
            ) from None
