"""The dependency graph: order, closure and cycles."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Kind, Name
from mlview.errors import CycleFound, UnknownName
from mlview.graph import Graph, Node

T, V, MV, M = Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.MODEL


def graph(nodes, reads):
    return Graph.of(
        [Node(Name(name), kind) for name, kind in nodes.items()],
        [(Name(reader), Name(read)) for reader, read in reads],
    )


def plain(names):
    return [name.plain for name in names]


@pytest.fixture
def flights():
    """flights, weather -> daily -> (view) recent -> late -> planned; weather -> late."""
    return graph(
        {"flights": T, "weather": T, "daily": MV, "recent": V, "late": M, "planned": MV},
        [
            ("daily", "flights"),
            ("recent", "daily"),
            ("late", "recent"),
            ("late", "weather"),
            ("planned", "late"),
        ],
    )


def test_ancestors_come_parents_first_and_ties_by_name(flights):
    assert plain(flights.ancestors(Name("late"))) == ["flights", "daily", "recent", "weather"]
    assert plain(flights.parents(Name("late"))) == ["recent", "weather"]


def test_descendants_come_parents_first(flights):
    assert plain(flights.descendants(Name("daily"))) == ["recent", "late", "planned"]
    assert plain(flights.children(Name("daily"))) == ["recent"]
    assert flights.descendants(Name("planned")) == ()


def test_base_tables_are_found_through_views_and_models(flights):
    assert plain(flights.base_tables(Name("planned"))) == ["flights", "weather"]
    assert flights.base_tables(Name("flights")) == ()


def test_names_compare_as_in_sql_and_keep_the_spelling_of_the_declaration():
    found = graph({"Daily": MV}, [("DAILY", "Flights"), ("daily", "FLIGHTS")])
    assert plain(found.parents(Name("dAiLy"))) == ["Flights"]
    assert plain(found.children(Name("flights"))) == ["Daily"]
    assert plain(found.order([Name("DAILY"), Name("FLIGHTS")])) == ["Flights", "Daily"]


def test_what_is_read_and_not_declared_is_a_base_table():
    found = graph({"late": M}, [("late", "flights")])
    assert found.kind(Name("flights")) is T
    assert plain(found.base_tables(Name("late"))) == ["flights"]


def test_waves_hold_what_may_run_at_once(flights):
    waves = flights.waves(map(Name, ["planned", "late", "daily", "weather", "late"]))
    assert [plain(wave) for wave in waves] == [["daily", "weather"], ["late"], ["planned"]]


def test_waves_see_dependencies_through_names_that_are_left_out(flights):
    waves = flights.waves([Name("planned"), Name("daily")])
    assert [plain(wave) for wave in waves] == [["daily"], ["planned"]]


def test_no_names_make_no_waves(flights):
    assert flights.waves([]) == ()
    assert flights.order([]) == ()


def test_an_unknown_name_gets_the_nearest_one(flights):
    with pytest.raises(UnknownName, match="nothing named 'layte'") as caught:
        flights.ancestors(Name("layte"))
    assert caught.value.hint == "did you mean 'late'?"


def test_a_reader_must_be_a_node():
    with pytest.raises(UnknownName, match="'late' reads others"):
        graph({"daily": MV}, [("late", "daily")])


@pytest.mark.parametrize(
    ("reader", "reads", "path"),
    [
        ("daily", ["late"], "daily -> late -> recent -> daily"),
        ("daily", ["flights", "planned"], "daily -> planned -> late -> recent -> daily"),
        ("late", ["late"], "late -> late"),
        ("new", ["new"], "new -> new"),
    ],
)
def test_a_definition_that_would_read_itself_is_refused_with_the_path(flights, reader, reads, path):
    with pytest.raises(CycleFound, match=path) as caught:
        flights.check_cycle(Name(reader), map(Name, reads))
    assert " -> ".join(plain(caught.value.facts["path"])) == path
    assert caught.value.name == reader


def test_a_definition_may_read_what_it_read_before_and_new_tables(flights):
    flights.check_cycle(Name("late"), [Name("recent"), Name("weather"), Name("brand_new")])
    flights.check_cycle(Name("new"), [Name("planned"), Name("late")])


def test_edges_in_a_cycle_make_no_graph():
    with pytest.raises(CycleFound, match="'a' would read itself: a -> b -> c -> a"):
        graph({"c": V, "b": V, "a": V}, [("a", "b"), ("b", "c"), ("c", "a"), ("c", "t")])


def test_a_networkx_copy_can_be_changed_without_harm(flights):
    copy = flights.to_networkx()
    assert isinstance(copy, nx.DiGraph)
    assert copy.nodes[Name("late")]["kind"] is M
    assert copy.has_edge(Name("weather"), Name("late"))
    copy.remove_node(Name("late"))
    assert Name("late") in flights
    assert len(flights) == 6
    assert plain(flights) == ["flights", "daily", "recent", "weather", "late", "planned"]


def test_a_chain_of_thousands_is_no_problem():
    names = [f"v{n:05}" for n in range(5000)]
    reads = [(reader, read) for read, reader in pairwise(names)]
    long = graph(dict.fromkeys(names, V), reads)
    assert plain(long.ancestors(Name(names[-1]))) == names[:-1]
    with pytest.raises(CycleFound):
        long.check_cycle(Name(names[0]), [Name(names[-1])])


@st.composite
def dags(draw):
    size = draw(st.integers(1, 8))
    pairs = [(b, a) for a in range(size) for b in range(a + 1, size)]
    chosen = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    labels = draw(st.permutations("abcdefgh"))
    return labels[:size], [(labels[b], labels[a]) for b, a in sorted(chosen)]


@given(dags(), st.randoms(use_true_random=False))
def test_the_order_of_declaration_changes_no_answer(dag, chance):
    names, reads = dag
    one = graph(dict.fromkeys(names, V), reads)
    chance.shuffle(names)
    chance.shuffle(reads)
    two = graph(dict.fromkeys(names, V), reads)
    for name in map(Name, names):
        assert one.ancestors(name) == two.ancestors(name)
        assert one.descendants(name) == two.descendants(name)
    assert one.waves(map(Name, names)) == two.waves(map(Name, reversed(names)))


@given(dags(), st.data())
def test_every_name_is_in_the_first_wave_after_all_it_rests_on(dag, data):
    names, reads = dag
    found = graph(dict.fromkeys(names, V), reads)
    chosen = set(map(Name, data.draw(st.sets(st.sampled_from(sorted(names))))))
    waves = found.waves(chosen)
    place = {name: n for n, wave in enumerate(waves) for name in wave}
    assert set(place) == chosen
    for name in chosen:
        above = [place[a] for a in found.ancestors(name) if a in chosen]
        assert place[name] == max(above, default=-1) + 1


@given(dags(), st.data())
def test_an_edge_is_refused_exactly_if_it_would_close_a_cycle(dag, data):
    names, reads = dag
    found = graph(dict.fromkeys(names, V), reads)
    reader, read = (data.draw(st.sampled_from(sorted(names))) for _ in range(2))
    closes = reader == read or Name(read) in found.descendants(Name(reader))
    try:
        found.check_cycle(Name(reader), [Name(read)])
    except CycleFound as error:
        assert closes
        path = plain(error.facts["path"])
        assert path[0] == path[-1] == reader
        assert set(pairwise(path)) <= {*reads, (reader, read)}
    else:
        assert not closes
