"""What a look for one refresh looks closely at; the rest of the graph is only glanced at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlview.definitions import Name
    from mlview.graph import Graph
    from mlview.planning import Demand


@dataclass(frozen=True, slots=True)
class Closely:
    """What a look for one demand looks closely at, because a refresh of it needs to know.

    Attributes:
        deltas: the views whose staleness decides what is done: their deltas are computed.
        counted: the views whose changed base rows are counted.
    """

    deltas: frozenset[Name]
    counted: frozenset[Name]

    @classmethod
    def of(cls, demand: Demand, graph: Graph) -> Closely:
        """All that a demand touches; views to be made in full need no delta."""
        found: set[Name] = {name for name in demand.names if name in graph}
        if demand.cascade:
            for name in tuple(found):
                found.update(graph.descendants(name))
        for name in tuple(found):
            found.update(graph.ancestors(name))
        deltas = found.difference(demand.names) if demand.full else found
        return cls(frozenset(deltas), frozenset(found))

    def covers(self, other: Closely) -> bool:
        """Whether who looked like this saw all that the other wants to see."""
        return other.deltas <= self.deltas and other.counted <= self.counted
