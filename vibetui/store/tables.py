"""The tables. A change here comes with a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as ISO 8601 in UTC with microseconds, so that text order is time.

    SQLAlchemy's own SQLite type drops the zone silently.
    """

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


users = Table(
    "users",
    metadata,
    Column("user_id", String(32), primary_key=True),
    Column("name", String(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("role", String(16), nullable=False, server_default="user"),
    # Secrets of the login: these never leave the store's own queries about them.
    Column("password_hash", Text),
    Column("totp_secret", Text),
    Column("totp_counter", Integer),
)

public_keys = Table(
    "public_keys",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("algorithm", String(64), nullable=False),
    Column("blob", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
)

invites = Table(
    "invites",
    metadata,
    Column("invite_id", String(32), primary_key=True),
    # SHA-256 of the code, which is random enough to need no salt.
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("made_by", String(64), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", String(32), primary_key=True),
    # No cascade: a session owns a container and a volume, which a deleted row would orphan.
    Column("user_id", ForeignKey("users.user_id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("template", String(64), nullable=False),
    Column("container_id", String(128)),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    # NULL: as the template says.
    Column("recording", Boolean),
    # NULL: it runs, or it ended by itself.
    Column("stopped_at", UtcDateTime),
    UniqueConstraint("user_id", "name"),
)

shares = Table(
    "shares",
    metadata,
    Column("session_id", ForeignKey("sessions.session_id", ondelete="CASCADE"), primary_key=True),
    Column(
        "user_id", ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True, index=True
    ),
    Column("access", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("code", String(64), nullable=False),
    # Plain text, no foreign keys: the trail outlives the user and the session it is about.
    Column("user_id", String(32)),
    Column("session_id", String(32)),
    Column("address", String(64)),
    Column("detail", JSON, nullable=False),
)
