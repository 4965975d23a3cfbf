"""How the change of a query's rows is had from the change of what it reads: pure decisions."""

from mlview.deltas.operators import Operator, Strategy

__all__ = ["Operator", "Strategy"]
