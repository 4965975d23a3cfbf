"""Text changed by spans, so that what is not meant stays as it was typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Edit:
    """What stands from `start` to `end` becomes `text`; an empty span inserts."""

    start: int
    end: int
    text: str


def substitute(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit made; insertions at one place keep their order.

    Raises:
        UsageProblem: edits that overlap or lie outside the text.

    >>> substitute("FROM t, u", [Edit(8, 9, "w"), Edit(5, 6, "v")])
    'FROM v, w'
    """
    parts: list[str] = []
    offset = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not offset <= edit.start <= edit.end <= len(text):
            raise UsageProblem(
                f"expected edits that do not overlap, found one from {edit.start} to {edit.end}"
                f" in {len(text)} characters edited up to {offset}"
            )
        parts += (text[offset : edit.start], edit.text)
        offset = edit.end
    return "".join([*parts, text[offset:]])
