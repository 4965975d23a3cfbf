"""SQL text to statements and back: what is said, what is read, what may be a definition."""

from mlview.sql.availability import unavailable
from mlview.sql.canonical import canonical
from mlview.sql.checks import check_definition
from mlview.sql.clauses import condition_start
from mlview.sql.edits import Edit, substitute
from mlview.sql.facts import At, Call, QueryFacts, Relation
from mlview.sql.identifiers import mentions, parse_name
from mlview.sql.inspection import inspect
from mlview.sql.meant import meant
from mlview.sql.ordering import break_ties, ordered_limits
from mlview.sql.parse import parse_statement
from mlview.sql.pushdown import Pushed, pushdown
from mlview.sql.rebinding import rebind
from mlview.sql.render import render, render_value
from mlview.sql.rewriting import rewriting
from mlview.sql.script import Piece, is_complete, split_script
from mlview.sql.shape import group_columns, with_rowid
from mlview.sql.statements import (
    AcknowledgeIncident,
    Action,
    Alter,
    BaseDdl,
    CommentOn,
    CreateMaterializedView,
    CreateModel,
    CreateMonitor,
    CreateView,
    Describe,
    Diagnose,
    Drop,
    ExplainCreate,
    ExplainIncident,
    ExplainQuery,
    ExplainRefresh,
    Later,
    Ordinary,
    PinVersion,
    Recommend,
    Refresh,
    RefreshAll,
    RenameTo,
    ResolveIncident,
    Resume,
    Rollback,
    SetClauses,
    SetRetention,
    Show,
    ShowCreate,
    Statement,
    Suspend,
    Undrop,
    Unpin,
)
from mlview.sql.tokens import position

__all__ = [
    "AcknowledgeIncident",
    "Action",
    "Alter",
    "At",
    "BaseDdl",
    "Call",
    "CommentOn",
    "CreateMaterializedView",
    "CreateModel",
    "CreateMonitor",
    "CreateView",
    "Describe",
    "Diagnose",
    "Drop",
    "Edit",
    "ExplainCreate",
    "ExplainIncident",
    "ExplainQuery",
    "ExplainRefresh",
    "Later",
    "Ordinary",
    "Piece",
    "PinVersion",
    "Pushed",
    "QueryFacts",
    "Recommend",
    "Refresh",
    "RefreshAll",
    "Relation",
    "RenameTo",
    "ResolveIncident",
    "Resume",
    "Rollback",
    "SetClauses",
    "SetRetention",
    "Show",
    "ShowCreate",
    "Statement",
    "Suspend",
    "Undrop",
    "Unpin",
    "break_ties",
    "canonical",
    "check_definition",
    "condition_start",
    "group_columns",
    "inspect",
    "is_complete",
    "meant",
    "mentions",
    "ordered_limits",
    "parse_name",
    "parse_statement",
    "position",
    "pushdown",
    "rebind",
    "render",
    "render_value",
    "rewriting",
    "split_script",
    "substitute",
    "unavailable",
    "with_rowid",
]
