"""Pure decisions: how stale a view is, and what a refresh will do about it."""

from mlview.planning.actions import Demand, plan_refresh
from mlview.planning.costs import Costs, Past, predict_seconds
from mlview.planning.observations import NEVER, Observation, SourceReach, UpstreamMove
from mlview.planning.rollback import ROLLBACK, rollback_target
from mlview.planning.staleness import judge, judge_all

__all__ = [
    "NEVER",
    "ROLLBACK",
    "Costs",
    "Demand",
    "Observation",
    "Past",
    "SourceReach",
    "UpstreamMove",
    "judge",
    "judge_all",
    "plan_refresh",
    "predict_seconds",
    "rollback_target",
]
