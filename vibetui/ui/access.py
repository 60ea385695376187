"""What becomes of a person's screen when they may do something else with a session than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibetui.errors import SharingEnded, VibeError
from vibetui.model import Access, Session
from vibetui.ui.screens.session_list import SessionListScreen

if TYPE_CHECKING:
    from vibetui.ui.app import VibeApp

_NOW = {
    Access.VIEWER: "You are watching now.",
    Access.WRITER: "You may type into it now.",
    Access.OWNER: "It is yours.",
}


async def access_changed(vibe: VibeApp, session: Session, ended: SharingEnded) -> None:
    """Whoever is put out of `session` goes back to the list and, if they still may, in again."""
    try:
        sessions = await vibe.core.list_sessions()
    except VibeError as error:
        vibe.tell(error)
        sessions = []
    now = next((one for one in sessions if one.session_id == session.session_id), None)
    if now is None:
        vibe.feed.discard(session.session_id)
    else:
        vibe.feed.put(now)
    while not isinstance(vibe.screen, SessionListScreen):
        await vibe.screen.dismiss(None)
    if now is None:
        vibe.tell(ended)
    else:
        vibe.open_workspace(now)
        vibe.notify(_NOW[now.access], title=f"{session.owner} has changed what you may do here.")
