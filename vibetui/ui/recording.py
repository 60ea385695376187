"""Turning the recording of a session on and off: what a person is told first, and then sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibetui.core import rights
from vibetui.errors import VibeError
from vibetui.model import Session
from vibetui.ui.screens.confirm import ConfirmDialog

if TYPE_CHECKING:
    from vibetui.ui.app import VibeApp


def recording_mark(session: Session) -> str:
    """What everybody sees who sees the session; empty where it isn't recorded."""
    if not session.recording:
        return ""
    return "● REC full" if session.recording_full else "● REC"


async def toggle_recording(vibe: VibeApp, session: Session) -> None:
    """Ask, and turn it on or off; only its owner may."""
    try:
        rights.only_owner(session, "record")
        if await vibe.push_screen_wait(_question(vibe, session)):
            changed = vibe.core.set_recording(session.session_id, not session.recording)
            vibe.feed.put(await changed)
    except VibeError as error:
        vibe.tell(error)


def _question(vibe: VibeApp, session: Session) -> ConfirmDialog:
    if session.recording:
        return ConfirmDialog(
            f"Stop recording {session.name}?",
            "What has been recorded is kept until the session is deleted.",
            "Stop recording",
        )
    typed = (
        "What is typed is kept as well, passwords included."
        if vibe.settings.recording_input
        else "What is typed isn't, unless a program shows it."
    )
    return ConfirmDialog(
        f"Record {session.name}?",
        "Everything that its terminals show from now on is kept on this server, in "
        f"recordings/{session.session_id}. {typed}\n\n"
        "Whoever sees the session sees that it is recorded.",
        "Record",
    )
