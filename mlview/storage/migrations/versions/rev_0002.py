"""What unattended refreshes leave: promises kept or broken, suspensions, daemons."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and a table; every row that was there stays as it was."""
    op.add_column("refreshes", sa.Column("stale_since", sa.BigInteger(), nullable=True))
    op.add_column("refreshes", sa.Column("target_lag_sec", sa.Float(), nullable=True))
    op.add_column("refreshes", sa.Column("published", sa.Boolean(), nullable=True))
    # Where a view's last success is, and what failed after it, without reading its history.
    op.create_index(
        "ix_refreshes_object_id_state", "refreshes", ["object_id", "state"], unique=False
    )
    op.add_column("objects", sa.Column("suspended_reason", sa.Text(), nullable=True))
    op.add_column("objects", sa.Column("suspended_at", sa.BigInteger(), nullable=True))
    op.add_column("objects", sa.Column("resumed_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "daemons",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False),
        sa.Column("tick_sec", sa.Float(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("holder", name=op.f("pk_daemons")),
    )
