"""The whole story on real data: flights out of New York in 2013."""

import os

# Idle threads of OpenMP and OpenBLAS spin for a while before they sleep, and take the processor
# from whoever else needs it: on a busy machine of 2 cores, boosting was ten times slower for it.
# Both libraries read this when they are loaded, so it has to come before scikit-learn.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

from mlview.demo.places import Place
from mlview.demo.replay import Day
from mlview.demo.story import Told, run

__all__ = ["Day", "Place", "Told", "run"]
