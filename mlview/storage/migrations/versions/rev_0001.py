"""The first catalog: objects, versions, pointers, deployments, refreshes and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deployments_object_id", "deployments", ["object_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("object_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("acquired_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_leases")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "objects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("schema_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("schema_key", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("create_text", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("altered_at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("dropped_at", sa.BigInteger(), nullable=True),
        sa.Column("unusable_reason", sa.Text(), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("last_version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objects")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ux_objects_name",
        "objects",
        ["schema_key", "name_key"],
        unique=True,
        sqlite_where=sa.text("dropped_at IS NULL"),
        postgresql_where=sa.text("dropped_at IS NULL"),
    )
    op.create_table(
        "refreshes",
        sa.Column("refresh_id", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("data_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("inputs_with_changed_data", sa.Text(), nullable=False),
        sa.Column("rows_inserted", sa.BigInteger(), nullable=True),
        sa.Column("rows_deleted", sa.BigInteger(), nullable=True),
        sa.Column("exact", sa.Boolean(), nullable=True),
        sa.Column("predicted_seconds", sa.Float(), nullable=True),
        sa.Column("actual_seconds", sa.Float(), nullable=True),
        sa.Column("gate_results", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("refresh_id", name=op.f("pk_refreshes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_refreshes_object_id", "refreshes", ["object_id"], unique=False)
    op.create_index("ix_refreshes_state", "refreshes", ["state"], unique=False)
    op.create_table(
        "versions",
        sa.Column("object_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("definition_text", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("data_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        sa.Column("upstream", sa.Text(), nullable=False),
        sa.Column("base_tables", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("library_versions", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("row_order", sa.Text(), nullable=False),
        sa.Column("stored_snapshot", sa.BigInteger(), nullable=True),
        sa.Column("artifact_sha256", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("rows_trained", sa.BigInteger(), nullable=True),
        sa.Column("rows_held_out", sa.BigInteger(), nullable=True),
        sa.Column("rows_unlabelled", sa.BigInteger(), nullable=True),
        sa.Column("score_name", sa.Text(), nullable=True),
        sa.Column("metrics", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("fit_seconds", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_versions_object_id")),
        sa.PrimaryKeyConstraint("object_id", "number", name=op.f("pk_versions")),
    )
    op.create_table(
        "pointers",
        sa.Column("object_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("live_version", sa.BigInteger(), nullable=True),
        sa.Column("live_since", sa.BigInteger(), nullable=True),
        sa.Column("current_through", sa.BigInteger(), nullable=True),
        sa.Column("pinned_version", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id", "live_version"],
            ["versions.object_id", "versions.number"],
            name=op.f("fk_pointers_object_id_live_version"),
        ),
        sa.ForeignKeyConstraint(
            ["object_id", "pinned_version"],
            ["versions.object_id", "versions.number"],
            name=op.f("fk_pointers_object_id_pinned_version"),
        ),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_pointers_object_id")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_pointers")),
    )
    op.execute("INSERT INTO changes (id, count) VALUES (1, 0)")
