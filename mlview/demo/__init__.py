"""The whole story on real data: flights out of New York in 2013."""

from mlview.demo.places import Place
from mlview.demo.replay import Day
from mlview.demo.story import Told, run

__all__ = ["Day", "Place", "Told", "run"]
