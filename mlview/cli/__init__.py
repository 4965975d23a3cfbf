"""The command line: a thin door over the session."""

from mlview.cli.entry import main

__all__ = ["main"]
