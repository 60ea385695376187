"""What the agent knows and says: terminals, who is attached to them, how programs ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Role(IntEnum):
    """What a connection may do, as BIND says it."""

    VIEWER = 1
    """Looks on: may list, watch, and attach read-only."""
    WRITER = 2
    OWNER = 3


@dataclass(frozen=True, slots=True)
class Hello:
    """The agent's greeting: it can come only from inside a running container."""

    version: int
    agent_version: str
    pid: int
    """The agent's process id as it sees it itself; 1 in a container."""


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a program ended: exactly one of the two is set."""

    code: int | None
    signal: int | None


@dataclass(frozen=True, slots=True)
class TerminalSpec:
    """What to open a terminal with."""

    argv: Sequence[str] = ()
    """Empty: the user's login shell."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Laid over the container's environment and over HOME, USER, LOGNAME and SHELL."""
    cwd: str = ""
    """Empty: the workspace. Where it can't be entered, ``/``."""
    user: str | tuple[int, int] | None = None
    """A name from the container's passwd, (uid, gid), or None for the agent's default user."""
    rows: int = 24
    columns: int = 80
    banner: bytes = b""
    """Written to the terminal's output before the program starts."""
    name: str = ""
    """What people call it, at most 64 bytes."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One client that is attached to a terminal."""

    who: str
    role: Role | None
    """None: the connection is the core's own, bound to nobody."""
    leads: bool
    """The terminal has this client's size."""
    read_only: bool


@dataclass(frozen=True, slots=True)
class TerminalInfo:
    """One terminal of the container, running or ended."""

    terminal: int
    pid: int
    running: bool
    exit: ExitStatus | None
    rows: int
    columns: int
    title: str
    offset: int
    """Bytes of output so far."""
    name: str = ""
    """What people call it; empty where nobody has given it a name."""
    command: str = ""
    """The program in the foreground; empty where that is the shell itself."""
    bells: int = 0
    """How often it has rung."""
    viewers: tuple[Viewer, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """All that is in a container, at one moment."""

    terminals: tuple[TerminalInfo, ...]
    """The oldest first, ended ones included until they are closed."""
    layout: str
    """What was last arranged; the agent keeps it and doesn't read it."""


@dataclass(frozen=True, slots=True)
class Resized:
    """From the next byte of output on the terminal has this size."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody has typed."""

    data: bytes
