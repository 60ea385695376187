"""How the app says times, states and steps. Pure functions from data to words."""

from __future__ import annotations

from datetime import UTC, datetime

from vibetui.agent import ExitStatus
from vibetui.errors import Remedy
from vibetui.events import OpenStep
from vibetui.model import Access, Presence, Session, SessionStatus

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

STATUS_GLYPHS = {
    SessionStatus.RUNNING: "●",
    SessionStatus.STARTING: "◐",
    SessionStatus.STOPPED: "○",
}

BELL = "♪"
"""Beside the name of what has rung."""
ACTIVITY = "•"
"""Beside the name of what has said something that nobody has looked at."""
SHELL = "shell"
"""A terminal of which there is nothing else to say."""

TABS = "▤"
"""Before the number of terminals, where there are several."""

STEP_LABELS = {
    OpenStep.LOOKUP: "Look up",
    OpenStep.IMAGE: "Image",
    OpenStep.CREATE: "Create",
    OpenStep.START: "Start",
    OpenStep.HANDSHAKE: "Handshake",
    OpenStep.READY: "Ready",
}

REMEDY_LABELS = {
    Remedy.RETRY: "Retry",
    Remedy.RECREATE: "Recreate the container",
    Remedy.SEE_LOG: "See log",
    Remedy.BACK: "Back",
}


SHARED = "⇄"
"""Others have access to it; how many is said after it."""

ACCESS_WORDS = {Access.OWNER: "owner", Access.WRITER: "writer", Access.VIEWER: "viewer"}


def whose(session: Session) -> str:
    """Whose somebody else's session is, and whether one only watches: ``alice's · watching``."""
    if session.access is Access.OWNER:
        return ""
    return f"{session.owner}'s" + (" · watching" if session.access is Access.VIEWER else "")


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago, for a list: ``just now``, ``3 min ago``, ``yesterday``, ``12 Mar 2026``."""
    if then is None:
        return "never"
    seconds = (now - _aware(then)).total_seconds()
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    days = int(seconds // _DAY)
    if days == 1:
        return "yesterday"
    if days < 30:
        return f"{days} days ago"
    return f"{then.day} {then:%b %Y}"


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def took(seconds: float) -> str:
    """A duration to watch: ``0.3 s``, ``42 s``, ``2 min 05 s``."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"


def counted(count: int, noun: str) -> str:
    """``1 session``, ``3 sessions``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def for_how_long(then: datetime, now: datetime) -> str:
    """``a moment``, ``12 min``, ``5 h``, ``1 day``, ``3 days``."""
    seconds = int((now - _aware(then)).total_seconds())
    if seconds < _MINUTE:
        return "a moment"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h"
    return counted(seconds // _DAY, "day")


def place(address: str) -> str:
    """Where a connection comes from."""
    return address or "this machine"


def connected_from(other: Presence, names: dict[str, str], now: datetime) -> str:
    """``From 192.0.2.7 for 12 min, in api``; `names` are those of the sessions, by their ids."""
    where = names.get(other.session_id or "")
    inside = f", in {where}" if where else ""
    return f"From {place(other.address)} for {for_how_long(other.since, now)}{inside}"


def taken_over(by: str) -> str:
    """What to print where another connection went on."""
    return f"Taken over from {place(by)}."


def how_it_ended(status: ExitStatus) -> str:
    """``exit 3``, ``signal 9``."""
    return f"exit {status.code}" if status.code is not None else f"signal {status.signal}"


def keeps_running(name: str) -> str:
    """What to print when a person leaves a session that goes on."""
    return f"Detached. Session {name} keeps running; come back with the same command."


def farewell(sessions: list[Session]) -> str:
    """What to print when a person quits from the list."""
    running = [session.name for session in sessions if session.status is SessionStatus.RUNNING]
    if not running:
        return "Goodbye. None of your sessions is running."
    if len(running) == 1:
        return f"Goodbye. Session {running[0]} keeps running; come back with the same command."
    return f"Goodbye. {len(running)} sessions keep running; come back with the same command."


def welcome(name: str, prefix: str) -> bytes:
    """The banner that a new terminal begins with, as bytes for a terminal."""
    lines = (
        f"\x1b[1mWelcome to {name}\x1b[0m",
        f"\x1b[2m/workspace is kept · {prefix} opens the menu\x1b[0m",
        "",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()
