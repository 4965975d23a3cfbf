"""What a statement says: one frozen value per kind of statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from mlview.definitions import Kind, MaterializedView, Model, Name, PlainView, Value

RefreshWord = Literal["FULL", "INCREMENTAL"]
ShowWhat = Literal["MODELS", "MATERIALIZED VIEWS", "INCIDENTS"]


@dataclass(frozen=True, slots=True)
class BaseDdl:
    """What an ordinary statement does to the catalog of tables, views and schemas.

    `kind` is TABLE, VIEW, SCHEMA or another word DuckDB knows; `catalog` is the database part
    of a name with three parts.
    """

    operation: Literal["CREATE", "DROP", "ALTER", "RENAME"]
    kind: str
    name: Name
    catalog: str | None = None
    or_replace: bool = False
    if_exists: bool = False
    if_not_exists: bool = False
    cascade: bool = False
    new_name: Name | None = None
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A statement that is DuckDB's own, as it was typed."""

    text: str
    ddl: BaseDdl | None = None


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE VIEW: DuckDB keeps it unless it reads something of mlview."""

    view: PlainView
    text: str
    or_replace: bool = False
    if_not_exists: bool = False
    temporary: bool = False
    catalog: str | None = None


@dataclass(frozen=True, slots=True)
class CreateModel:
    """CREATE MODEL."""

    definition: Model
    text: str
    or_replace: bool = False
    if_not_exists: bool = False
    with_no_data: bool = False


@dataclass(frozen=True, slots=True)
class CreateMaterializedView:
    """CREATE MATERIALIZED VIEW."""

    definition: MaterializedView
    text: str
    or_replace: bool = False
    if_not_exists: bool = False
    with_no_data: bool = False


@dataclass(frozen=True, slots=True)
class Refresh:
    """REFRESH of one view."""

    kind: Kind
    name: Name
    mode: RefreshWord | None = None
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class RefreshAll:
    """REFRESH ALL."""

    mode: RefreshWord | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP of a model or a materialized view."""

    kind: Kind
    name: Name
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class Undrop:
    """UNDROP of a model or a materialized view."""

    kind: Kind
    name: Name


@dataclass(frozen=True, slots=True)
class SetClauses:
    """Fields of the definition and their new values; an unset field has its default."""

    changes: Mapping[str, object] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Suspend:
    """No scheduled refresh until RESUME."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Scheduled refreshes again; also releases a rollback."""


@dataclass(frozen=True, slots=True)
class RenameTo:
    """A new name in the same schema, unless one is given."""

    new: Name


@dataclass(frozen=True, slots=True)
class PinVersion:
    """Serve this version until UNPIN."""

    version: int


@dataclass(frozen=True, slots=True)
class Unpin:
    """Release a pin."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """Serve the last version that was live and healthy."""


Action = SetClauses | Suspend | Resume | RenameTo | PinVersion | Unpin | Rollback


@dataclass(frozen=True, slots=True)
class Alter:
    """ALTER of a model or a materialized view."""

    kind: Kind
    name: Name
    if_exists: bool
    action: Action


@dataclass(frozen=True, slots=True)
class CommentOn:
    """COMMENT ON a model or a materialized view; None removes it."""

    kind: Kind
    name: Name
    comment: str | None


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW of a list; a user's table of that name wins, so the text is kept."""

    what: ShowWhat
    text: str


@dataclass(frozen=True, slots=True)
class Describe:
    """DESCRIBE of a model or a materialized view."""

    kind: Kind
    name: Name


@dataclass(frozen=True, slots=True)
class ShowCreate:
    """SHOW CREATE of a model or a materialized view."""

    kind: Kind
    name: Name


@dataclass(frozen=True, slots=True)
class ExplainCreate:
    """EXPLAIN of a CREATE: nothing is created."""

    statement: CreateModel | CreateMaterializedView


@dataclass(frozen=True, slots=True)
class ExplainRefresh:
    """EXPLAIN of a REFRESH: nothing is refreshed."""

    statement: Refresh | RefreshAll


@dataclass(frozen=True, slots=True)
class ExplainQuery:
    """EXPLAIN [ANALYZE] of a query; `query` is the part that is explained."""

    query: str
    text: str
    analyze: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """A whole statement whose behaviour comes in a later release."""

    feature: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class CreateMonitor(Later):
    """CREATE MODEL MONITOR: live quality from labels that arrive late."""

    feature: ClassVar[str] = "CREATE MODEL MONITOR"

    name: Name
    model: Name
    labels: str
    id_columns: tuple[str, ...]
    timestamp_column: str | None = None
    label_delay: timedelta | None = None
    segment_columns: tuple[str, ...] = ()
    aggregation_window: timedelta | None = None
    or_replace: bool = False
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AcknowledgeIncident(Later):
    """ACKNOWLEDGE INCIDENT; `until` is a timestamp as it was typed."""

    feature: ClassVar[str] = "ACKNOWLEDGE INCIDENT"

    incident: int
    until: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ResolveIncident(Later):
    """RESOLVE INCIDENT."""

    feature: ClassVar[str] = "RESOLVE INCIDENT"

    incident: int
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainIncident(Later):
    """EXPLAIN INCIDENT."""

    feature: ClassVar[str] = "EXPLAIN INCIDENT"

    incident: int


@dataclass(frozen=True, slots=True)
class Diagnose(Later):
    """DIAGNOSE of a model or a materialized view."""

    feature: ClassVar[str] = "DIAGNOSE"

    kind: Kind
    name: Name


@dataclass(frozen=True, slots=True)
class Recommend(Later):
    """RECOMMEND MATERIALIZATIONS; `within` has the budget as it was typed."""

    feature: ClassVar[str] = "RECOMMEND"

    workload: timedelta | None = None
    within: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}), hash=False)


@dataclass(frozen=True, slots=True)
class SetRetention:
    """ALTER DATABASE SET RETENTION: versions of each view, how far back snapshots go."""

    versions: int | None = None
    snapshots: timedelta | None = None


Statement = (
    Ordinary
    | CreateView
    | CreateModel
    | CreateMaterializedView
    | Refresh
    | RefreshAll
    | Drop
    | Undrop
    | Alter
    | CommentOn
    | Show
    | Describe
    | ShowCreate
    | ExplainCreate
    | ExplainRefresh
    | ExplainQuery
    | SetRetention
    | Later
)
