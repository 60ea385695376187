"""Whether a session's terminals are recorded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; NULL means as the template says."""
    op.add_column("sessions", sa.Column("recording", sa.Boolean))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("sessions", "recording")
