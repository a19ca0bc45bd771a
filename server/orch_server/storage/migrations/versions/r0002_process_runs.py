"""Runs that their own processes start: who holds them, and leases of no pool.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Frozen: what the types of storage/types.py meant when this was written.
ID = sa.Uuid()
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger()
TEXT = sa.Text()
INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Adds columns, which rewrites no row, and lets leases be without pool and queue."""
    op.add_column("flow_run", sa.Column("flow_version", TEXT))
    op.add_column("flow_run", sa.Column("holder_id", ID))
    op.add_column("flow_run", sa.Column("holder_name", TEXT))
    op.add_column("flow_run", sa.Column("lease_ttl_ms", BIG))
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("lease", "work_pool_id", existing_type=ID, nullable=True)
        op.alter_column("lease", "work_queue_id", existing_type=ID, nullable=True)
    else:
        _copy_leases()


def _copy_leases() -> None:
    """SQLite cannot change a column: a new table takes the place of the old one. There are few leases at any time."""
    op.drop_index("ix_lease_session_id", "lease")
    op.rename_table("lease", "lease_0001")
    op.create_table(
        "lease",
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("token", BIG, nullable=False),
        sa.Column("session_id", ID),
        sa.Column("request_id", ID),
        sa.Column("work_pool_id", ID),
        sa.Column("work_queue_id", ID),
        sa.Column("deployment_id", ID),
        sa.Column("phase", SMALL, nullable=False),
        sa.Column("adopter_id", ID),
        sa.Column("ttl_ms", BIG, nullable=False),
        sa.Column("grant_time", INSTANT, nullable=False),
        sa.Column("expire_time", INSTANT, nullable=False),
        sa.CheckConstraint("token > 0", name=op.f("ck_lease_token")),
        sa.PrimaryKeyConstraint("flow_run_id", name="pk_lease"),
    )
    op.execute("INSERT INTO lease SELECT * FROM lease_0001")
    op.drop_table("lease_0001")
    op.create_index("ix_lease_session_id", "lease", ["session_id"])
