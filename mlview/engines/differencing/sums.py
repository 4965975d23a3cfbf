"""The sums that are kept of each group, as SQL: of all rows, of signed rows, and both together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.deltas.adding import EXTREMES, SUMS, TRUTHS, answer_name, input_name, key_name
from mlview.deltas.expanding import NotFollowed
from mlview.engines.exactness import is_float
from mlview.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview.deltas.adding import Aggregate

ROWS = "n"
OLD = "old_"
DOUBT = "doubt"
CAME, WENT = "came_", "went_"
SIGN = "w"

# A sum of floats is off by at most twice the unit roundoff of all that ever went into it.
_ROUNDOFF = 2.0**-52
_TOLERATED = 3e-11
# Of so many extreme values all have to go until the rows of a group are asked for the next one.
_FIRST = 4
_WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)|HUGEINT|BOOLEAN")
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
# Types that are stored as they are, and whose equal values are interchangeable or are floats.
_PLAIN = re.compile(
    r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)|BOOLEAN|VARCHAR|DATE|TIME|TIMESTAMP|"
    r"TIMESTAMP WITH TIME ZONE|UUID|BLOB|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One number that is kept of each group.

    Attributes:
        column: what it is called, and its type in the store.
        of_rows: an aggregate over the rows of a group.
        of_signed: columns over signed rows of a group, each with a name: from inputs and SIGN.
        again: the same over rows that are such columns already.
        together: an expression: the new number from the old one and those columns.
        moved: whether those columns change it.
        doubt: whether the new number may be wrong; over old and new numbers and those columns.
    """

    column: Column
    of_rows: str
    of_signed: tuple[tuple[str, str], ...]
    again: tuple[tuple[str, str], ...]
    together: str
    moved: str
    doubt: str = "false"


def parts_of(
    aggregates: Sequence[Aggregate], keys: Sequence[str], inputs: Sequence[str]
) -> list[Part]:
    """What has to be kept for some aggregates.

    Args:
        aggregates: what is asked for.
        keys: the types of the keys.
        inputs: the types of the inputs.

    Raises:
        NotFollowed: a type of which nobody has proven it.
    """
    for kind in keys:
        _refuse_unless(_PLAIN, kind, "a key")
    parts = [_rows(keys)]
    wanted: dict[tuple[str, int], None] = {}
    for each in aggregates:
        if each.input is not None:
            wanted[("count", each.input)] = None
            wanted[(_family(each.function), each.input)] = None
    for family, place in sorted(wanted, key=lambda pair: (pair[1], pair[0])):
        parts.extend(_part(family, place, inputs[place]))
    return parts


def _family(function: str) -> str:
    if function in SUMS:
        return "sum"
    return "truth" if function in TRUTHS else function


def _part(family: str, place: int, kind: str) -> Iterator[Part]:
    match family:
        case "count":
            yield _counted(place)
        case "truth":
            yield _true(place)
        case "sum" if is_float(kind):
            yield from _floating(place)
        case "sum":
            yield _exact(place, _scale(kind))
        case _:
            _refuse_unless(_PLAIN, kind, family)
            yield _extreme(family, place, kind)


def _added(name: str, of_rows: str, of_signed: str, kind: str = "BIGINT") -> Part:
    """A number that is the sum of what each row gives."""
    return Part(
        Column(name, kind),
        of_rows,
        ((name, of_signed),),
        ((name, f"coalesce(sum({name}), 0)::{kind}"),),
        f"coalesce(o.{name}, 0) + d.{name}",
        f"d.{name} <> 0",
    )


def _rows(keys: Sequence[str]) -> Part:
    """How many rows; which of 0.0 and -0.0 a group shows cannot be told from sums."""
    part = _added(ROWS, "count(*)", f"coalesce(sum({SIGN}), 0)::BIGINT")
    zeros = [f"coalesce({key_name(n)} = 0, false)" for n, kind in enumerate(keys) if is_float(kind)]
    return Part(*_fields(part), doubt=" OR ".join(zeros) or "false")


def _fields(
    part: Part,
) -> tuple[Column, str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], str, str]:
    return part.column, part.of_rows, part.of_signed, part.again, part.together, part.moved


def _counted(place: int) -> Part:
    x = input_name(place)
    signed = f"coalesce(sum({SIGN}) FILTER ({x} IS NOT NULL), 0)::BIGINT"
    return _added(f"c{place}", f"count({x})", signed)


def _present(place: int) -> str:
    """How many values of an input there are now; where there are none, nothing of them is left."""
    return f"coalesce(o.c{place}, 0) + d.c{place}"


def _true(place: int) -> Part:
    x = f"CAST({input_name(place)} AS BOOLEAN)"
    signed = f"coalesce(sum({SIGN}) FILTER ({x}), 0)::BIGINT"
    return _added(f"t{place}", f"count(*) FILTER ({x})", signed)


def _exact(place: int, scale: int) -> Part:
    """A sum without rounding; Parquet has no HUGEINT."""
    x, name, kind = input_name(place), f"s{place}", f"DECIMAL(38,{scale})"
    came, went = (f"coalesce(sum({x}) FILTER ({SIGN} {way} 0), 0)" for way in "><")
    return Part(
        Column(name, kind),
        f"TRY_CAST(coalesce(sum({x}), 0) AS {kind})",
        ((name, f"({came} - {went})::{kind}"),),
        ((name, f"coalesce(sum({name}), 0)::{kind}"),),
        f"coalesce(o.{name}, 0::{kind}) + d.{name}",
        f"d.{name} <> 0",
        f"c{place} > 0 AND {OLD}{ROWS} IS NOT NULL AND {OLD}{name} IS NULL",
    )


def _floating(place: int) -> Iterator[Part]:
    """A sum, and the sum of all magnitudes that ever went into it.

    Of all rows it is the sum that DuckDB answers with. The error of changing it is at most
    `_ROUNDOFF` times the magnitudes: Kahan's sum of the rows that came and went has twice the unit
    roundoff of theirs, and adding it to the old sum rounds once more.
    A value that is not finite makes the magnitudes so, and the group is evaluated from its rows.
    """
    x, count, total, ever = f"{input_name(place)}::DOUBLE", f"c{place}", f"s{place}", f"m{place}"
    signed = f"coalesce(fsum(CASE WHEN {SIGN} > 0 THEN {x} ELSE -{x} END), 0)"
    yield Part(
        Column(total, "DOUBLE"),
        f"coalesce(sum({x}), 0)",
        ((total, signed),),
        ((total, f"coalesce(fsum({total}), 0)"),),
        f"CASE WHEN {_present(place)} > 0 THEN coalesce(o.{total}, 0) + d.{total} ELSE 0 END",
        f"d.{total} <> 0",
        f"{count} > 0 AND (NOT isfinite({ever}) "
        f"OR {ever} * {_ROUNDOFF!r} > {_TOLERATED!r} * abs({total}))",
    )
    yield Part(
        Column(ever, "DOUBLE"),
        f"coalesce(sum(abs({x})), 0)",
        ((ever, f"coalesce(sum(abs({x})), 0)"),),
        ((ever, f"coalesce(sum({ever}), 0)"),),
        f"CASE WHEN {_present(place)} > 0 THEN coalesce(o.{ever}, 0) + d.{ever} "
        f"+ abs(coalesce(o.{total}, 0) + d.{total}) ELSE 0 END",
        f"d.{ever} > 0",
    )


def _extreme(function: str, place: int, kind: str) -> Part:
    """The first few of the values in order, so that some may go before the rows are asked.

    No value that is left out goes before the last one kept; none is left out where as many are
    kept as there are. So a value that comes is kept if it does not stand behind the last one.
    """
    x, name = input_name(place), f"{function}{place}"
    order, behind = ("ASC", "<=") if function == "min" else ("DESC", ">=")
    came, went, first = f"{CAME}{name}", f"{WENT}{name}", f"coalesce(o.{name}, []::{kind}[])"
    both = tuple(
        (column, f"flatten(list(repeat([{x}], {copies})) FILTER ({x} IS NOT NULL AND {which}))")
        for column, copies, which in (
            (came, f"least({SIGN}, {_FIRST})::BIGINT", f"{SIGN} > 0"),
            (went, f"(-{SIGN})::BIGINT", f"{SIGN} < 0"),
        )
    )
    copy = f"len(list_filter({first}[1:nth], lambda other: other = one))"
    left = (
        f"list_filter({first}, lambda one, nth: {copy} > "
        f"len(list_filter(coalesce(d.{went}, []), lambda other: other = one)))"
    )
    fits = f"len({first}) = coalesce(o.c{place}, 0) OR one {behind} {first}[-1]"
    more = f"list_filter(coalesce(d.{came}, []), lambda one: {fits})"
    return Part(
        Column(name, f"{kind}[]"),
        f"{function}({x}, {_FIRST})",
        (),
        both,
        f"CASE WHEN d.{came} IS NULL AND d.{went} IS NULL THEN o.{name} "
        f"WHEN {_present(place)} > 0 THEN list_sort({left} || {more}, '{order}')[1:{_FIRST}] END",
        f"d.{came} IS NOT NULL OR d.{went} IS NOT NULL",
        f"c{place} > 0 AND len({name}) = 0",
    )


def answer_of(aggregate: Aggregate, kind: str) -> str:
    """The answer of an aggregate from what is kept, in its own type."""
    n = aggregate.input
    match aggregate.function:
        case "count_star":
            found = ROWS
        case "count":
            found = f"c{n}"
        case "count_if" | "countif":
            found = f"CASE WHEN c{n} > 0 THEN t{n} END"
        case "bool_and":
            found = f"CASE WHEN c{n} > 0 THEN t{n} = c{n} END"
        case "bool_or":
            found = f"CASE WHEN c{n} > 0 THEN t{n} > 0 END"
        case "sum":
            found = f"CASE WHEN c{n} > 0 THEN s{n} END"
        case "avg" | "mean":
            found = f"CASE WHEN c{n} > 0 THEN s{n}::DOUBLE / c{n} END"
        case extreme:
            found = f"{extreme}{n}[1]"
    return f"CAST({found} AS {kind})"


def native(aggregate: Aggregate, inputs: Sequence[str]) -> str:
    """The aggregate itself, to the bit, over inputs of some types, out of what is kept anyway."""
    if aggregate.input is None:
        return "count(*)"
    x, function = input_name(aggregate.input), aggregate.function
    if function in EXTREMES:
        return f"{function}({x}, {_FIRST})[1]"
    if function in ("avg", "mean") and is_float(inputs[aggregate.input]):
        return f"sum({x}::DOUBLE) / count({x})"
    return f"{function}({x})"


def extremes_of(aggregates: Sequence[Aggregate]) -> list[int]:
    """The inputs of which an extreme is kept."""
    found = {a.input for a in aggregates if a.function in EXTREMES and a.input is not None}
    return sorted(found)


def named_answers(expressions: Sequence[str]) -> list[str]:
    """Answers under the names that outputs know them by."""
    return [f"{sql} AS {answer_name(place)}" for place, sql in enumerate(expressions)]


def _scale(kind: str) -> int:
    if _WHOLE.fullmatch(kind):
        return 0
    found = _DECIMAL.fullmatch(kind)
    if found is None:
        raise NotFollowed(f"sums of type {kind}")
    return int(found[1])


def _refuse_unless(known: re.Pattern[str], kind: str, what: str) -> None:
    if not known.fullmatch(kind):
        raise NotFollowed(f"{what} of type {kind}")
