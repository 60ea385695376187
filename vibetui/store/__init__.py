"""The database: tables, migrations and queries. Nothing else imports SQLAlchemy."""

from __future__ import annotations

from vibetui.store.audit import AuditEvent
from vibetui.store.audit_search import NamedEvent
from vibetui.store.invites import check_usable
from vibetui.store.sessions import UNSET, Unset
from vibetui.store.store import Store

__all__ = ["UNSET", "AuditEvent", "NamedEvent", "Store", "Unset", "check_usable"]
