"""A full pass that an incremental refresh needs, whatever mode is wanted."""

from __future__ import annotations

from mlview.errors import NotIncremental


class Resync(NotIncremental):
    """A full pass keeps the model exact; it is made even where only incremental is allowed."""
