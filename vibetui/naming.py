"""What a session may be called, and the words that mean something else."""

from __future__ import annotations

import re

from vibetui.errors import Invalid

EVERYBODY = "vibe"
"""The login name that leaves it to the key who is meant."""

LOBBY_VERBS = frozenset(
    {
        *("ls", "new", "start", "stop", "rm", "rename", "cp", "help", "whoami"),
        *("user", "key", "invite", "session", "template", "audit"),
        *("scp", "sftp", "rsync", "git"),
    }
)
"""Words that ``ssh vibe@host WORD`` understands as commands, or that tools send."""

MAX_LENGTH = 40

_ALLOWED = re.compile(r"[A-Za-z0-9._-]+")
_FIRST = re.compile(r"[A-Za-z0-9]")


def check_name(name: str) -> str:
    """The name itself.

    Raises:
        Invalid: it is empty, too long, has other characters, or is a command of the lobby. The
            hint, if any, fits a dialog's line.
    """
    hint = _hint(name)
    if hint:
        raise Invalid("That name can't be used.", hint)
    if name.lower() in LOBBY_VERBS:
        raise Invalid(f"“{name}” is a command, so a session can't be called that.")
    return name


def _hint(name: str) -> str:
    if len(name) > MAX_LENGTH:
        return f"A name has at most {MAX_LENGTH} characters."
    if not _ALLOWED.fullmatch(name):
        return "Use letters, digits, dots, hyphens and underscores."
    if not _FIRST.match(name):
        return "Begin with a letter or a digit."
    return ""


def hostname(name: str) -> str:
    """The session's name as RFC 1123 allows a host name, for the prompt."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-") or "session"
