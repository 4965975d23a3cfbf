"""For users' own tests: a clock moved by hand, and the contracts of engines and learners."""

from mlview.clock import ManualClock
from mlview.testing.engines import ENGINE_CONTRACT, check_engine
from mlview.testing.learners import LEARNER_CONTRACT, check_learner
from mlview.testing.maintained import check_maintained

__all__ = [
    "ENGINE_CONTRACT",
    "LEARNER_CONTRACT",
    "ManualClock",
    "check_engine",
    "check_learner",
    "check_maintained",
]
