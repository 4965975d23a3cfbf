"""Who reads whom: ancestors, descendants, waves and cycles."""

from mlview.graph.dependencies import Graph, Node

__all__ = ["Graph", "Node"]
