"""What screens ask for: task runs that have changed, lines by their time, how many runs by state.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Frozen: what the types of storage/types.py meant when this was written.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


_DEPLOYED = sa.text("deployment_id IS NOT NULL")


def upgrade() -> None:
    """Adds columns, which rewrites no row. Postgres makes three indexes anew: a second each for a million runs."""
    op.add_column("task_run", sa.Column("change", BIG))
    op.add_column("log_chunk", sa.Column("min_second", BIG))
    op.add_column("log_chunk", sa.Column("max_second", BIG))
    if op.get_context().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("task_run_change")))
        for name, column, where in (
            ("ix_flow_run_flow", "flow_id", None),
            ("ix_flow_run_pool", "work_pool_id", None),
            ("ix_flow_run_deployment", "deployment_id", _DEPLOYED),
        ):
            op.drop_index(name, "flow_run")
            op.create_index(name, "flow_run", [column, "id"], postgresql_include=["state_type"], postgresql_where=where)
