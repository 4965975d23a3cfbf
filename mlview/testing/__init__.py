"""For users' own tests: a clock moved by hand, and the contracts of what can be added."""

from mlview.clock import ManualClock
from mlview.testing.engines import ENGINE_CONTRACT, check_engine
from mlview.testing.executors import EXECUTOR_CONTRACT, check_executor
from mlview.testing.learners import LEARNER_CONTRACT, check_learner
from mlview.testing.maintained import check_maintained

__all__ = [
    "ENGINE_CONTRACT",
    "EXECUTOR_CONTRACT",
    "LEARNER_CONTRACT",
    "ManualClock",
    "check_engine",
    "check_executor",
    "check_learner",
    "check_maintained",
]
