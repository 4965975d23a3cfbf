"""The dependency graph of base tables, views, materialized views and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx

from mlview.definitions import Kind, Name
from mlview.errors import CycleFound, UnknownName, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Node:
    """A relation and what it is."""

    name: Name
    kind: Kind


@dataclass(frozen=True, slots=True)
class Graph:
    """An acyclic graph whose arrows point from what is read to who reads it.

    Every answer is in a fixed order: parents before children, ties by name.

    >>> from mlview.definitions import Kind, Name
    >>> flights, daily, late = Name("flights"), Name("daily"), Name("late")
    >>> graph = Graph.of(
    ...     [Node(daily, Kind.MATERIALIZED_VIEW), Node(late, Kind.MODEL)],
    ...     [(daily, flights), (late, daily), (late, flights)],
    ... )
    >>> [[str(name) for name in wave] for wave in graph.waves([late, daily])]
    [['daily'], ['late']]
    >>> [str(name) for name in graph.base_tables(late)]
    ['flights']
    """

    _arrows: nx.DiGraph[Name]
    _ordered: tuple[Name, ...]
    _position: dict[Name, int]

    @classmethod
    def of(cls, nodes: Iterable[Node], reads: Iterable[tuple[Name, Name]]) -> Graph:
        """The graph with these nodes and (reader, read) edges.

        A name that is read and not among the nodes is a base table: base tables are the only
        relations that mlview does not declare.

        Raises:
            CycleFound: the edges form a cycle; its path is in the message.
            UnknownName: a reader is not among the nodes.
        """
        arrows: nx.DiGraph[Name] = nx.DiGraph()
        for node in nodes:
            arrows.add_node(node.name, kind=node.kind)
        edges = list(reads)
        for reader, _ in edges:
            if reader not in arrows:
                raise UnknownName(f"'{reader}' reads others and is no node", name=str(reader))
        for _, read in edges:
            if read not in arrows:
                arrows.add_node(read, kind=Kind.TABLE)
        declared = {name: name for name in arrows}  # equal names may be spelled differently
        arrows.add_edges_from((declared[read], declared[reader]) for reader, read in edges)
        ordered = _ordered(arrows)
        return cls(arrows, ordered, {name: place for place, name in enumerate(ordered)})

    def __contains__(self, name: object) -> bool:
        return name in self._position

    def __iter__(self) -> Iterator[Name]:
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def kind(self, name: Name) -> Kind:
        """What the name stands for."""
        kind: Kind = self._arrows.nodes[self._known(name)]["kind"]
        return kind

    def parents(self, name: Name) -> tuple[Name, ...]:
        """What it reads directly."""
        return self._sorted(self._arrows.predecessors(self._known(name)))

    def children(self, name: Name) -> tuple[Name, ...]:
        """Who reads it directly."""
        return self._sorted(self._arrows.successors(self._known(name)))

    def ancestors(self, name: Name) -> tuple[Name, ...]:
        """Everything it rests on, itself left out."""
        return self._sorted(nx.ancestors(self._arrows, self._known(name)))

    def descendants(self, name: Name) -> tuple[Name, ...]:
        """Everything that rests on it, itself left out."""
        return self._sorted(nx.descendants(self._arrows, self._known(name)))

    def base_tables(self, name: Name) -> tuple[Name, ...]:
        """The base tables among its ancestors."""
        return tuple(n for n in self.ancestors(name) if self.kind(n) is Kind.TABLE)

    def order(self, names: Iterable[Name]) -> tuple[Name, ...]:
        """These names, each once, parents before children."""
        return self._sorted(self._known(name) for name in names)

    def waves(self, names: Iterable[Name]) -> tuple[tuple[Name, ...], ...]:
        """These names in groups whose members do not depend on one another.

        A name is in the first wave after all of its ancestors among `names`, also where the path
        to such an ancestor leads through relations that are not among them.
        """
        chosen = set(self.order(names))
        depth: dict[Name, int] = {}
        waves: list[list[Name]] = []
        for name in self._ordered:
            depth[name] = max(
                (depth[p] + (p in chosen) for p in self._arrows.predecessors(name)), default=0
            )
            if name in chosen:
                waves.extend([] for _ in range(depth[name] + 1 - len(waves)))
                waves[depth[name]].append(name)
        return tuple(tuple(sorted(wave)) for wave in waves)

    def check_cycle(self, new_reader: Name, reads: Iterable[Name]) -> None:
        """Refuse a definition that would come to read itself; names not in the graph are new.

        Raises:
            CycleFound: `facts["path"]` has the names, the first and the last being the same.
        """
        for read in sorted(reads):
            if read == new_reader:
                raise _cycle((new_reader, new_reader))
            if {read, new_reader} <= self._position.keys() and nx.has_path(
                self._arrows, new_reader, read
            ):
                back = nx.shortest_path(self._arrows, new_reader, read)
                raise _cycle((new_reader, *reversed(back)))

    def to_networkx(self) -> nx.DiGraph[Name]:
        """A copy; arrows point from what is read to who reads it, nodes carry their `kind`."""
        return self._arrows.copy()

    def _sorted(self, names: Iterable[Name]) -> tuple[Name, ...]:
        return tuple(self._ordered[n] for n in sorted({self._position[name] for name in names}))

    def _known(self, name: Name) -> Name:
        if name in self._position:
            return name
        known = [n.plain for n in self._ordered]
        raise UnknownName(
            f"nothing named '{name}' is in the graph",
            name=str(name),
            hint=did_you_mean(name.plain, known),
        )


def _ordered(arrows: nx.DiGraph[Name]) -> tuple[Name, ...]:
    try:
        return tuple(nx.lexicographical_topological_sort(arrows))
    except nx.NetworkXUnfeasible:
        raise _cycle(_some_cycle(arrows)) from None


def _some_cycle(arrows: nx.DiGraph[Name]) -> tuple[Name, ...]:
    """The cycle found from the least name on one, in reading direction, closed."""
    edges = [edge[:2] for edge in nx.find_cycle(arrows, sorted(arrows))]
    ring = [read for read, _ in reversed(edges)]
    first = ring.index(min(ring))
    return (*ring[first:], *ring[:first], ring[first])


def _cycle(path: tuple[Name, ...]) -> CycleFound:
    shown = " -> ".join(str(name) for name in path)
    return CycleFound(
        f"'{path[0]}' would read itself: {shown}",
        name=str(path[0]),
        hint="let one of them read a base table instead",
        path=path,
    )
