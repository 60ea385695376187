"""What a session may be called."""

from __future__ import annotations

import re

from vibetui.errors import Invalid

LOBBY_VERBS = frozenset(
    {
        *("ls", "new", "start", "stop", "rm", "rename", "cp", "help", "whoami"),
        *("user", "key", "invite", "session", "template", "audit"),
        *("scp", "sftp", "rsync", "git"),
    }
)
"""Words that ``ssh vibe@host WORD`` understands as commands, or that tools send."""

MAX_LENGTH = 40

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_LENGTH - 1}}}")


def check_name(name: str) -> str:
    """The name itself.

    Raises:
        Invalid: it is empty, too long, has other characters, or is a command of the lobby.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(
            "That name can't be used.",
            f"Use 1 to {MAX_LENGTH} letters, digits, dots, hyphens and underscores, "
            "a letter or digit first.",
        )
    if name.lower() in LOBBY_VERBS:
        raise Invalid(f"“{name}” is a command, so a session can't be called that.")
    return name


def hostname(name: str) -> str:
    """The session's name as RFC 1123 allows a host name, for the prompt."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or "session"
