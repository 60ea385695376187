"""Sessions: opening, stopping and deleting them, and making their rows follow the engine."""

from __future__ import annotations

from vibetui.naming import LOBBY_VERBS, check_name
from vibetui.sessions.manager import SessionManager
from vibetui.sessions.proof import ReadyContainer

__all__ = ["LOBBY_VERBS", "ReadyContainer", "SessionManager", "check_name"]
