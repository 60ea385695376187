"""All queries over one database."""

from __future__ import annotations

from vibetui.store.audit import AuditQueries
from vibetui.store.audit_search import AuditSearch
from vibetui.store.invites import InviteQueries
from vibetui.store.secrets import SecretQueries
from vibetui.store.sessions import SessionQueries
from vibetui.store.shares import ShareQueries
from vibetui.store.users import UserQueries


class Store(
    UserQueries,
    SecretQueries,
    InviteQueries,
    SessionQueries,
    ShareQueries,
    AuditQueries,
    AuditSearch,
):
    """What vibetui remembers: users, keys and invitations, sessions and their shares, the trail.

    Every method is one transaction, done when it returns, and raises `StoreError` where the
    database fails. Made by `Store.open`.
    """
