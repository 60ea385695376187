"""Alembic's migrations, run from `vibetui.store.prepare`; nothing else imports this package."""
