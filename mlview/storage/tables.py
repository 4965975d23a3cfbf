"""The tables of the catalog as they are after the newest migration."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from mlview.storage.columns import Json, Moment, Prose

HEAD = "0002"  # the newest migration; a revision sorts after those it follows
WRITTEN_BY = "mlview_version"  # the key in meta that says which mlview migrated last

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# Ids are never used twice (AUTOINCREMENT): history outlives what it tells of.
objects = Table(
    "objects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("schema_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("schema_key", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("create_text", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("altered_at", Moment, nullable=False),
    Column("comment", Prose),
    Column("owner", Text),
    Column("suspended", Boolean, nullable=False),
    Column("dropped_at", Moment),
    Column("unusable_reason", Prose),
    Column("revision", BigInteger, nullable=False),
    Column("last_version", BigInteger, nullable=False),
    Column("suspended_reason", Prose),
    Column("suspended_at", Moment),
    Column("resumed_at", Moment),
    sqlite_autoincrement=True,
)
# For PostgreSQL the migration says the same; here it would load that dialect at every start.
Index(
    "ux_objects_name",
    objects.c.schema_key,
    objects.c.name_key,
    unique=True,
    sqlite_where=objects.c.dropped_at.is_(None),
)

versions = Table(
    "versions",
    metadata,
    Column("object_id", Integer, ForeignKey("objects.id"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("definition_text", Text, nullable=False),
    Column("snapshot_id", BigInteger, nullable=False),
    Column("data_timestamp", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("published_at", Moment),
    Column("action", Text, nullable=False),
    Column("exact", Boolean, nullable=False),
    Column("upstream", Json, nullable=False),
    Column("base_tables", Json, nullable=False),
    Column("schema", Json, nullable=False),
    Column("settings", Json, nullable=False),
    Column("library_versions", Json, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("row_order", Json, nullable=False),
    Column("stored_snapshot", BigInteger),
    Column("artifact_sha256", Text),
    Column("method", Text),
    Column("parameters", Json, nullable=False),
    Column("rows", BigInteger),
    Column("rows_trained", BigInteger),
    Column("rows_held_out", BigInteger),
    Column("rows_unlabelled", BigInteger),
    Column("score_name", Text),
    Column("metrics", Json, nullable=False),
    Column("details", Json, nullable=False),
    Column("fit_seconds", Float),
    PrimaryKeyConstraint("object_id", "number"),
)

# Apart from objects, so that the database itself refuses a pointer to a version that is gone.
pointers = Table(
    "pointers",
    metadata,
    Column("object_id", Integer, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("live_version", BigInteger),
    Column("live_since", Moment),
    Column("current_through", BigInteger),
    Column("pinned_version", BigInteger),
    Column("held", Boolean, nullable=False),
    ForeignKeyConstraint(["object_id", "live_version"], ["versions.object_id", "versions.number"]),
    ForeignKeyConstraint(
        ["object_id", "pinned_version"], ["versions.object_id", "versions.number"]
    ),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("object_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger),
    Column("stage", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Prose, nullable=False),
    Column("reason", Prose, nullable=False),
    Index("ix_deployments_object_id", "object_id"),
    sqlite_autoincrement=True,
)

refreshes = Table(
    "refreshes",
    metadata,
    Column("refresh_id", Integer, primary_key=True),
    Column("object_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("reason", Prose, nullable=False),
    Column("data_timestamp", Moment, nullable=False),
    Column("snapshot_id", BigInteger, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("version", BigInteger),
    Column("finished_at", Moment),
    Column("inputs_with_changed_data", Json, nullable=False),
    Column("rows_inserted", BigInteger),
    Column("rows_deleted", BigInteger),
    Column("exact", Boolean),
    Column("predicted_seconds", Float),
    Column("actual_seconds", Float),
    Column("gate_results", Json, nullable=False),
    Column("error_code", Text),
    Column("error", Prose),
    Column("lease_token", BigInteger),
    Column("stale_since", Moment),
    Column("target_lag_sec", Float),
    Column("published", Boolean),
    Index("ix_refreshes_object_id", "object_id"),
    Index("ix_refreshes_object_id_state", "object_id", "state"),
    Index("ix_refreshes_state", "state"),
    sqlite_autoincrement=True,
)

# A row stays when its lease is released: the next token must be greater.
leases = Table(
    "leases",
    metadata,
    Column("object_id", Integer, primary_key=True, autoincrement=False),
    Column("token", BigInteger, nullable=False),
    Column("holder", Prose),
    Column("acquired_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

daemons = Table(
    "daemons",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    Column("tick_sec", Float, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Prose),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
