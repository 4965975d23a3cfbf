"""A grouped SELECT whose groups can be kept as sums: keys, what is summed, what is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from mlview.definitions import fold
from mlview.deltas.blocks import CUTS, Block
from mlview.deltas.blurs import blurred_columns
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import names_in
from mlview.deltas.keys import grouping_words, item_of
from mlview.deltas.known import has_aggregate, has_window, is_aggregate, spreads
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.scopes import references
from mlview.deltas.steps import Telescope
from mlview.deltas.trees import aliased, boolean, column, is_query, meaning, rewrite, select, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.deltas.plans import Facts, Keys, Term
    from mlview.deltas.trees import Tree

COUNTS = frozenset(["count_star", "count"])
SUMS = frozenset(["sum", "avg", "mean"])
TRUTHS = frozenset(["count_if", "countif", "bool_and", "bool_or"])
EXTREMES = frozenset(["min", "max"])
_SMOOTH = frozenset(["*", "/", "-", "abs"])
_ADDED = COUNTS | SUMS | TRUTHS | EXTREMES


def key_name(place: int) -> str:
    """What a group key is called, as no column of a user is."""
    return f"__mlview_k{place}"


def input_name(place: int) -> str:
    """What an aggregate's argument is called."""
    return f"__mlview_x{place}"


def answer_name(place: int) -> str:
    """What an aggregate's answer is called."""
    return f"__mlview_a{place}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate of a query.

    Attributes:
        function: its name, folded.
        input: the place of its argument, where FILTER has made other rows NULL; None of count(*).
    """

    function: str
    input: int | None


@dataclass(slots=True)
class Adding:
    """A SELECT over FROM and WHERE, taken apart so that rows can be added to its groups.

    Attributes:
        block: the SELECT.
        keys: what it groups by, over the FROM clause; none: all rows are one group, always there.
        inputs: the arguments of its aggregates, over the FROM clause.
        aggregates: its aggregates.
        outputs: its select list, over keys and answers by the names that they have here.
        having: its HAVING, likewise.
    """

    block: Block
    keys: list[Tree]
    inputs: list[Tree] = field(default_factory=list)
    aggregates: list[Aggregate] = field(default_factory=list)
    outputs: list[Tree] = field(default_factory=list)
    having: Tree | None = None

    @classmethod
    def of(cls, query: Tree, facts: Facts) -> Adding:
        """The parts of a query.

        Raises:
            NotFollowed: its groups are not functions of sums, or nobody has proven it.
        """
        _refuse_what_is_above(query, facts)
        block = Block.of(query, facts)
        adding = cls(block, _keys(block))
        adding.outputs = [
            adding._shown(block.plain_item(item)) for item in block.query["select_list"]
        ]
        if block.query["having"] is not None:
            adding.having = adding._shown(block.plain(block.query["having"]))
        if not (adding.keys or adding.aggregates or block.query["having"] is not None):
            raise NotFollowed("no aggregates")
        adding._refuse_blurs()
        return adding

    @property
    def rows(self) -> Tree:
        """The SELECT of keys and inputs: a row for each row that is put into a group."""
        keys = [aliased(key, key_name(place)) for place, key in enumerate(self.keys)]
        inputs = [aliased(each, input_name(place)) for place, each in enumerate(self.inputs)]
        query = self.block.query
        picked = [*keys, *inputs] or [aliased(boolean(True), input_name(0))]
        return select(picked, query["from_table"], query["where_clause"])

    def changed(self) -> Changed:
        """The terms of the rows that came and went.

        Raises:
            NotFollowed: only a full difference is sure to be right.
        """
        block = Block(self.rows, self.block.facts, self.block.seen, self.block.lifted)
        telescope = Telescope.of(block)
        live = block.live_in(block.query)
        operators = (
            Operator(grouping_words(self.block), Strategy.ADDITIVE),
            *(step.operator for step in telescope.steps),
        )
        return Changed(telescope.rows(), tuple(telescope.keys), operators, tuple(live))

    def refuse_steps(self, rounded: frozenset[int]) -> None:
        """Refuse what a last digit may decide of aggregates that are rounded, by their places.

        Adding gives their sums in another order. That is shown as it is, or times a factor; a
        function with steps, a comparison, a text or a difference would show more of it.

        Raises:
            NotFollowed: there is such a step.
        """
        names = {fold(answer_name(place)) for place in rounded}
        smooth = all(_is_smooth(output, names) for output in self.outputs)
        if not smooth or (self.having is not None and _has_any(self.having, names)):
            raise NotFollowed("a sum of floats of which more is shown than its value")

    def _shown(self, plain: Tree) -> Tree:
        """An expression of the select list or of HAVING, over keys and answers."""
        if any(names_in(plain)) or any(is_query(node) for node in walk(plain)):
            raise NotFollowed("a subquery or refresh_time() behind its WHERE")
        if spreads(plain) or has_window(plain):
            raise NotFollowed("a select list that makes several rows of one, or looks at others")
        places = {meaning(key): place for place, key in enumerate(self.keys)}

        def change(node: Tree) -> Tree | None:
            if "class" in node and meaning(node) in places:
                return {**column(key_name(places[meaning(node)])), "alias": node["alias"]}
            if is_aggregate(node, self.block.facts):
                answer = column(answer_name(self._aggregate(node)))
                return {**answer, "alias": node["alias"]}
            if node.get("class") == "COLUMN_REF":
                return self._same_key(node)
            if node.get("class") in ("STAR", "LAMBDA", "POSITIONAL_REFERENCE"):
                raise NotFollowed("a select list that is more than keys and aggregates")
            return None

        shown: Tree = rewrite(plain, change)
        return shown

    def _same_key(self, reference: Tree) -> Tree:
        """The key that a column is; the query runs, so that its columns are keys."""
        names = [fold(name) for name in reference["column_names"]]
        found = [
            place
            for place, key in enumerate(self.keys)
            if key["class"] == "COLUMN_REF" and _one_column(key["column_names"], names)
        ]
        if len(found) != 1:
            raise NotFollowed(f"the column {names[-1]}, which is no key")
        return {**column(key_name(found[0])), "alias": reference["alias"]}

    def _aggregate(self, call: Tree) -> int:
        function = fold(call["function_name"])
        arguments = call["children"]
        expected = 0 if function == "count_star" else 1
        if function not in _ADDED or call["distinct"] or len(arguments) != expected:
            raise NotFollowed(f"{self.block.facts.words(call)}, which is no function of sums")
        if call["order_bys"]["orders"]:
            raise NotFollowed("an aggregate with ORDER BY")
        condition = call["filter"]
        if function == "count_star" and condition is not None:
            function, arguments = "count", [boolean(True)]
        if any(has_aggregate(each, self.block.facts) for each in arguments):
            raise NotFollowed("an aggregate of aggregates")
        place = self._input(arguments[0], condition) if arguments else None
        wanted = Aggregate(function, place)
        if wanted not in self.aggregates:
            self.aggregates.append(wanted)
        return self.aggregates.index(wanted)

    def _input(self, argument: Tree, condition: Tree | None) -> int:
        given = argument if condition is None else _where(condition, argument)
        _refuse_unless_of_a_row(given, self.block)
        known = [meaning(each) for each in self.inputs]
        wanted = meaning(given)
        if wanted not in known:
            self.inputs.append({**given, "alias": ""})
            known.append(wanted)
        return known.index(wanted)

    def _refuse_blurs(self) -> None:
        """What is taken out of a group must be what was once put in, to the last digit."""
        used = {fold(name) for names in references(self.block.query) for name in names}
        for name in names_in(self.block.query["from_table"]):
            if blurred_columns(name, self.block.facts) & used:
                raise NotFollowed("sums of floats that are grouped again")


@dataclass(frozen=True, slots=True)
class Changed:
    """How the rows of the groups change: signed terms, and the tables of keys that they read.

    Attributes:
        terms: their rows are keys and inputs.
        keys: in the order of computing.
        operators: what is done, outermost first.
        inner: the inputs that have changed.
    """

    terms: tuple[Term, ...]
    keys: tuple[Keys, ...]
    operators: tuple[Operator, ...]
    inner: tuple[str, ...]


def _has_any(tree: Tree, names: set[str]) -> bool:
    found = (fold(parts[-1]) for parts in references(tree))
    return any(name in names for name in found)


def _is_smooth(output: Tree, names: set[str]) -> bool:
    """Whether an output is off by as little as the columns of these names are."""
    if not _has_any(output, names) or output["class"] == "COLUMN_REF":
        return True
    if output["class"] == "CAST":
        kept = output["cast_type"]["id"] == "DOUBLE" and not output.get("try_cast")
        return kept and _is_smooth(output["child"], names)
    if output["class"] != "FUNCTION" or output["function_name"] not in _SMOOTH:
        return False
    unary = len(output["children"]) == 1 or output["function_name"] != "-"
    return unary and all(_is_smooth(each, names) for each in output["children"])


def _where(condition: Tree, value: Tree) -> Tree:
    """The value where a condition is true, else NULL."""
    return {
        "class": "CASE",
        "type": "CASE_EXPR",
        "alias": "",
        "case_checks": [{"when_expr": condition, "then_expr": {**value, "alias": ""}}],
        "else_expr": {
            "class": "CONSTANT",
            "type": "VALUE_CONSTANT",
            "alias": "",
            "value": {"type": {"id": "NULL", "type_info": None}, "is_null": True},
        },
    }


def _refuse_what_is_above(query: Tree, facts: Facts) -> None:
    if query["type"] != "SELECT_NODE":
        raise NotFollowed("more than one SELECT")
    kinds = {modifier["type"] for modifier in query["modifiers"]}
    if kinds & CUTS or "DISTINCT_MODIFIER" in kinds or query["qualify"] is not None:
        raise NotFollowed("LIMIT, DISTINCT or QUALIFY above its groups")
    if any(has_aggregate(modifier, facts) for modifier in query["modifiers"]):
        raise NotFollowed("an aggregate in ORDER BY")
    if any(is_query(node) for node in walk(query["modifiers"])):
        raise NotFollowed("a subquery in ORDER BY")


def _keys(block: Block) -> list[Tree]:
    query = block.query
    sets, handling = query["group_sets"], query["aggregate_handling"]
    places = list(range(len(query["group_expressions"])))
    if len(sets) > 1 or (sets and sorted(set(sets[0])) != places):
        raise NotFollowed("several grouping sets")
    if handling == "STANDARD_HANDLING":
        found = [item_of(block, expression) for expression in query["group_expressions"]]
    elif handling == "FORCE_AGGREGATES" and not places:
        if query["having"] is not None:
            raise NotFollowed("GROUP BY ALL with HAVING, whose columns are keys as well")
        items = [e for e in query["select_list"] if not has_aggregate(e, block.facts)]
        found = [item for item in items if item["class"] != "CONSTANT"]
    else:
        raise NotFollowed("an unknown form of GROUP BY")
    keys: dict[str, Tree] = {}
    for expression in found:
        plain = block.plain(expression)
        _refuse_unless_of_a_row(plain, block)
        if not any(references(plain)):
            raise NotFollowed("a GROUP BY without a column")
        keys.setdefault(meaning(plain), {**plain, "alias": ""})
    return list(keys.values())


def _refuse_unless_of_a_row(expression: Tree, block: Block) -> None:
    """Refuse what cannot be computed for each row of the FROM clause by itself."""
    classes = ("LAMBDA", "STAR", "POSITIONAL_REFERENCE", "WINDOW")
    strange = any(is_query(n) or n.get("class") in classes for n in walk(expression))
    several = spreads(expression) or has_aggregate(expression, block.facts)
    if strange or several or any(names_in(expression)):
        _refuse(block, expression)


def _refuse(block: Block, expression: Tree) -> NoReturn:
    raise NotFollowed(f"{block.facts.words(expression)}, which is not of one row alone")


def _one_column(key: Iterable[str], names: list[str]) -> bool:
    """Whether two spellings can be of one column: a qualifier more or less."""
    known = [fold(name) for name in key]
    shorter = min(len(known), len(names))
    return known[-shorter:] == names[-shorter:]
