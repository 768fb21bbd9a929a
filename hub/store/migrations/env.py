"""Alembic's entry: runs the migrations over the connection in the configuration's attributes."""

from __future__ import annotations

from alembic import context

from hub.store.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
