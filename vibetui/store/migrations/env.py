"""Alembic's entry: migrate on the connection that the caller hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from vibetui.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
