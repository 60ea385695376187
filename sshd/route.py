"""What a client asks for, from its login name and its request. Pure: asks nobody anything.

A session is named ``NAME``, or ``OWNER+NAME`` where somebody else's is shared.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from vibetui.naming import EVERYBODY, LOBBY_VERBS

_TOOLS = {"scp": "scp", "rsync": "rsync", "git-upload-pack": "git", "git-receive-pack": "git"}


@dataclass(frozen=True, slots=True)
class LoginName:
    """``ACCOUNT``, ``ACCOUNT+SESSION`` or ``ACCOUNT+OWNER+SESSION``.

    Attributes:
        account: None for `EVERYBODY`.
        session: As `Visit.session` takes it; None: the lobby.
    """

    account: str | None
    session: str | None

    @classmethod
    def parse(cls, text: str) -> LoginName:
        account, _, session = text.partition("+")
        return cls(None if account in ("", EVERYBODY) else account, session or None)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on one session channel.

    Attributes:
        term: The terminal's type; None where no PTY was asked for.
        size: Columns and rows.
        environment: All that the client sent.
        command: Of an exec request; None for a shell.
        subsystem: Its name, if that was asked for.
    """

    term: str | None = None
    size: tuple[int, int] = (80, 24)
    environment: Mapping[str, str] = field(default_factory=dict)
    command: str | None = None
    subsystem: str | None = None


@dataclass(frozen=True, slots=True)
class ToApp:
    """The app, at a session where one is named."""

    session: str | None = None


@dataclass(frozen=True, slots=True)
class ToRun:
    """A command, or the login shell, in a session; on a PTY where the request has one."""

    session: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class ToLobby:
    """A verb and its arguments."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToFiles:
    """SFTP to the workspace of a session."""

    session: str


@dataclass(frozen=True, slots=True)
class Unroutable:
    """What can't be had, in one sentence, and what to do instead."""

    message: str
    hint: str = ""


Route = ToApp | ToRun | ToLobby | ToFiles | Unroutable

_USAGE = (
    "Use `ssh -t` for the app, `ssh vibe@HOST SESSION -- COMMAND` for a command,"
    " `ssh vibe@HOST help` for the rest."
)


def route(session: str | None, request: Request) -> Route:
    """Where a request leads.

    Args:
        session: The one that the login name names.
    """
    if request.subsystem is not None:
        return _subsystem(session, request.subsystem)
    if session is not None:
        if request.command is None and request.term is not None:
            return ToApp(session)
        return ToRun(session, request.command)
    if request.command is None:
        if request.term is not None:
            return ToApp()
        return Unroutable("vibetui needs a terminal for its app.", _USAGE)
    return _named(request.command, request)


def _subsystem(session: str | None, subsystem: str) -> Route:
    if subsystem != "sftp":
        return Unroutable(f"There is no subsystem “{subsystem}”.")
    if session is None:
        return _nameless("sftp")
    return ToFiles(session)


def _nameless(tool: str) -> Unroutable:
    return Unroutable(
        f"{tool} has to know which session: name it in the login name.",
        f"For example: {tool} … vibe+SESSION@HOST. List yours: ssh vibe@HOST ls",
    )


def _named(command: str, request: Request) -> Route:
    word, _, rest = command.strip().partition(" ")
    rest = rest.strip()
    if word in _TOOLS:
        return _nameless(_TOOLS[word])
    if not word or word in LOBBY_VERBS:
        try:
            return ToLobby(tuple(shlex.split(command)) or ("help",))
        except ValueError:
            return Unroutable("A quotation mark is not closed in that command.")
    if not rest:
        return ToApp(word) if request.term is not None else ToRun(word)
    mark, _, inner = rest.partition(" ")
    if mark == "--":
        return ToRun(word, inner.strip() or None)
    return Unroutable(
        f"“{word}” is no verb of vibetui's.",
        f"For a command in the session {word}: ssh vibe@HOST {word} -- {rest}",
    )
