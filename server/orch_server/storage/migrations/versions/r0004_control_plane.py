"""The control plane has an id of its own.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Frozen: what the types of storage/types.py meant when this was written.
ID = sa.Uuid(as_uuid=True)

_RANDOM = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def upgrade() -> None:
    """Makes a table of one row."""
    op.create_table(
        "control_plane",
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_plane")),
    )
    op.execute(f"INSERT INTO control_plane (id) VALUES ({_RANDOM[op.get_context().dialect.name]})")
