"""Views in short words."""

from __future__ import annotations

from typing import Any

import pytest

from mlview.definitions import Name
from mlview.planning.scheduling import Mode, ScheduledView


def make_view(object_id: int, *, cost: float = 1.0, **values: Any) -> ScheduledView:
    """A view named v1, v2, ... with one way to be refreshed."""
    given: dict[str, Any] = {"name": Name(f"v{object_id}"), "predicted": {Mode.FULL: cost}}
    return ScheduledView(object_id, **given | values)


@pytest.fixture
def view():
    return make_view
