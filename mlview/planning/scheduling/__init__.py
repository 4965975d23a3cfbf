"""Which views to refresh now, how, and which will be late: pure decisions of a scheduler."""

from mlview.planning.scheduling.attainable import Attainability, attainability, density
from mlview.planning.scheduling.decisions import Decision, Idle, Shed, Start, Step, Waiting
from mlview.planning.scheduling.outlook import Outlook
from mlview.planning.scheduling.policies import Policy, SlaPolicy
from mlview.planning.scheduling.scheduler import Scheduler
from mlview.planning.scheduling.views import Mode, ScheduledView
from mlview.planning.scheduling.worthwhile import CostAware

__all__ = [
    "Attainability",
    "CostAware",
    "Decision",
    "Idle",
    "Mode",
    "Outlook",
    "Policy",
    "ScheduledView",
    "Scheduler",
    "Shed",
    "SlaPolicy",
    "Start",
    "Step",
    "Waiting",
    "attainability",
    "density",
]
