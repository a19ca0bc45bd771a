"""Versions keep parameters and their schema; task runs know whether a rerun has superseded them.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Frozen: what the types of storage/types.py meant when this was written.
TEXT = sa.Text()

_KEPT = """
    UPDATE deployment_version SET
    parameters = (SELECT deployment.parameters FROM deployment WHERE deployment.id = deployment_version.deployment_id),
    parameter_schema = (
        SELECT deployment.parameter_schema FROM deployment WHERE deployment.id = deployment_version.deployment_id
    )
"""
"""What earlier versions had is not known: the newest one's is the best guess."""


def upgrade() -> None:
    """Adds columns, which rewrites no row, and fills those of versions, of which there are few."""
    op.add_column("deployment_version", sa.Column("parameters", TEXT))
    op.add_column("deployment_version", sa.Column("parameter_schema", TEXT))
    op.add_column("task_run", sa.Column("superseded", sa.Boolean()))
    op.execute(_KEPT)
