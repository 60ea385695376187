"""Roles, passwords and second factors, last use of keys, invitations, deliberate stops."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever was there first runs the server: the oldest account becomes its admin."""
    op.add_column("users", sa.Column("role", sa.String(16), nullable=False, server_default="user"))
    op.add_column("users", sa.Column("password_hash", sa.Text))
    op.add_column("users", sa.Column("totp_secret", sa.Text))
    op.add_column("users", sa.Column("totp_counter", sa.Integer))
    op.add_column("public_keys", sa.Column("last_used_at", sa.String(32)))
    op.add_column("sessions", sa.Column("stopped_at", sa.String(32)))
    op.create_table(
        "invites",
        sa.Column("invite_id", sa.String(32), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("invite_id", name="pk_invites"),
        sa.UniqueConstraint("code_hash", name="uq_invites_code_hash"),
    )
    op.execute(
        "UPDATE users SET role = 'admin' WHERE user_id ="
        " (SELECT user_id FROM users ORDER BY created_at, user_id LIMIT 1)"
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("invites")
    op.drop_column("sessions", "stopped_at")
    op.drop_column("public_keys", "last_used_at")
    for column in ("totp_counter", "totp_secret", "password_hash", "role"):
        op.drop_column("users", column)
