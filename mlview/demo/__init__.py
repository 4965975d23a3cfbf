"""The whole story on real data: flights out of New York in 2013."""

import os

# Idle OpenMP threads that spin take the processor from whoever else needs it: on a busy machine
# of 2 cores that made boosting ten times slower. Read when scikit-learn loads, so before it does.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from mlview.demo.places import Place
from mlview.demo.replay import Day
from mlview.demo.story import Told, run

__all__ = ["Day", "Place", "Told", "run"]
