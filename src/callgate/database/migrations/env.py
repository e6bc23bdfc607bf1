"""Alembic's entry: runs the migrations in the transaction that :func:`callgate.database.migrate.upgrade` has begun."""

from alembic import context

from callgate.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
context.run_migrations()
