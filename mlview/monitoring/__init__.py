"""What the rows that came since say of a live model: how far they drifted, how well it answers."""

from mlview.monitoring.monitor import Measures, Monitor

__all__ = ["Measures", "Monitor"]
