"""`Administration` in this process, on a store, with or without a core that runs on it."""

from __future__ import annotations

from vibetui.core.administration.accounts import AccountAdministration
from vibetui.core.administration.invites import InviteAdministration
from vibetui.core.administration.keys import KeyAdministration
from vibetui.core.administration.sessions import SessionAdministration
from vibetui.core.administration.trail import TrailReading


class LocalAdministration(
    AccountAdministration,
    KeyAdministration,
    InviteAdministration,
    SessionAdministration,
    TrailReading,
):
    """Implements `Administration`. Whether the actor is an administrator isn't asked here."""
