"""Runs the steps of `migrations/` through Alembic. Apart from `schema.py`, which loads this only when there is work."""

import io

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from orch_server.storage.scope import Kind


def migrate(connection: Connection, *, revision: str = "head") -> None:
    """Take the database from where it is to a revision, the newest by default, inside the connection's transaction."""
    command.upgrade(_config(connection=connection), revision)


def describe(kind: Kind, revision: str | None) -> list[str]:
    """What `migrate` would do to a database at this revision: each step in words, then as SQL."""
    lines: list[str] = []
    scripts = ScriptDirectory.from_config(_config())
    for step in reversed(list(scripts.walk_revisions(base=revision or "base", head="heads"))):
        if step.revision != revision:
            lines.append(f"Step {step.revision}: {step.doc}")
            lines.extend(_statements(kind, step.down_revision, step.revision))
    return lines


def _statements(kind: Kind, start: object, end: str) -> list[str]:
    buffer = io.StringIO()
    config = _config(buffer=buffer, dialect_name=kind, revision=start)
    command.upgrade(config, f"{start or 'base'}:{end}", sql=True)
    script = "\n".join(line for line in buffer.getvalue().splitlines() if not line.startswith("--"))
    return [f"{statement.strip()};" for statement in script.split(";\n\n") if statement.strip(";\n ")]


def _config(*, buffer: io.StringIO | None = None, **attributes: object) -> Config:
    config = Config(output_buffer=buffer)
    config.set_main_option("script_location", "orch_server.storage:migrations")
    config.attributes.update(attributes)
    return config
