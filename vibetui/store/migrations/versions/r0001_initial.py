"""Users, public keys, sessions and audit events.

The column types are spelled out rather than imported from `tables`: a revision must go on meaning
the same when the tables move on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first four tables."""
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "public_keys",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("algorithm", sa.String(64), nullable=False),
        sa.Column("blob", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("added_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_public_keys"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.user_id"],
            name="fk_public_keys_user_id_users",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_public_keys_user_id", "public_keys", ["user_id"])
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("container_id", sa.String(128)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("last_used_at", sa.String(32)),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_sessions_user_id_users"),
        sa.UniqueConstraint("user_id", "name", name="uq_sessions_user_id_name"),
    )
    op.create_table(
        "audit_events",
        sa.Column("event_id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("session_id", sa.String(32)),
        sa.Column("address", sa.String(64)),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_audit_events"),
    )


def downgrade() -> None:
    """Drop everything that `upgrade` made."""
    for table in ("audit_events", "sessions", "public_keys", "users"):
        op.drop_table(table)
