"""Which of a client's environment variables its UI process gets. Nothing comes from the server."""

from __future__ import annotations

import re
from collections.abc import Mapping

AGENT_PLACE = "VIBETUI_AGENT_PLACE"
"""Tells a UI process where in sessions its client's ssh-agent is, if the client offers it."""

_NAMES = frozenset(
    {
        "COLORTERM",
        "LANG",
        "LC_ALL",
        "LC_COLLATE",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LC_MONETARY",
        "LC_NUMERIC",
        "LC_TIME",
        "LC_TERMINAL",
        "LC_TERMINAL_VERSION",
        "NO_COLOR",
        "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
    }
)
_VALUE = re.compile(r"[ -~]{0,128}")
_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_FALLBACK_TERM = "xterm"


def client_environment(term: str, offered: Mapping[str, str]) -> dict[str, str]:
    """The variables to start a UI process with.

    Args:
        term: The terminal type of the client's PTY request.
        offered: Every variable that the client sent; a client may send anything.
    """
    taken = {
        name: value for name, value in offered.items() if name in _NAMES and _VALUE.fullmatch(value)
    }
    taken["TERM"] = term if _TERM.fullmatch(term) else _FALLBACK_TERM
    return taken
