"""Who may do what with a session; what somebody may not, each in one sentence."""

from __future__ import annotations

from vibetui.agent import Role
from vibetui.errors import Denied
from vibetui.model import Access, Session

ROLES = {Access.OWNER: Role.OWNER, Access.WRITER: Role.WRITER, Access.VIEWER: Role.VIEWER}
"""What the container's agent lets them do."""


def only_owner(session: Session, what: str) -> None:
    """Raises `Denied` unless it is their own: only the owner can `what` this session."""
    if session.access is not Access.OWNER:
        raise Denied(f"Only {session.owner} can {what} this session.", f"Ask {session.owner}.")


def no_viewer(session: Session, what: str) -> None:
    """Raises `Denied` for a viewer, who can't `what`."""
    if session.access is Access.VIEWER:
        raise Denied(
            f"You are watching this session and can't {what}.",
            f"Ask {session.owner} to make you a writer.",
        )


def not_running(session: Session) -> Denied:
    """A viewer starts nothing."""
    return Denied(
        "This session isn't running, and who watches can't start it.",
        f"Ask {session.owner} to start it.",
    )


def not_your_start() -> Denied:
    """A writer cancels what they have started themselves."""
    return Denied("Somebody else has started this session.", "Leave it: the start goes on.")
