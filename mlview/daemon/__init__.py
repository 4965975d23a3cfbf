"""The scheduled refresh daemon: notices, plans, refreshes, and lives for months."""

from mlview.daemon.daemon import Daemon

__all__ = ["Daemon"]
