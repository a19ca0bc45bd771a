"""What Alembic runs around the steps. `storage/migrating.py` hands in the connection, inside its own transaction."""

from alembic import context

if context.is_offline_mode():
    context.configure(
        dialect_name=context.config.attributes["dialect_name"],
        starting_rev=context.config.attributes["revision"],
        as_sql=True,
        literal_binds=True,
    )
else:
    context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
