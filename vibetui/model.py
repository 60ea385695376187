"""The nouns: frozen data that travels between processes. Nothing here does any work."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_id(length: int = 12) -> str:
    """A random identifier: lowercase letters and digits, no hyphen, 5 bits a character.

    Without a hyphen, `container_name` is unambiguous: "a-b" + "c" cannot meet "a" + "b-c".
    """
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def container_name(user_id: str, session_id: str) -> str:
    """The container's name. It only decorates and serialises creation; labels decide ownership."""
    return f"vibecode-{user_id}-{session_id}"


def volume_name(user_id: str, session_id: str) -> str:
    """The named volume mounted at ``/workspace``; it outlives the container."""
    return f"vibecode-{user_id}-{session_id}-workspace"


LABEL_SESSION = "vibetui.session"
LABEL_USER = "vibetui.user"
LABEL_TEMPLATE = "vibetui.template"
LABEL_HELPER = "vibetui.helper"
"""Of a helper container, which has no `LABEL_SESSION`: the session whose workspace it has."""
LABEL_COPY = "vibetui.copy"
"""Of a workspace that is being copied to, and of the helper that does it: the session to be."""
LABEL_INSTANCE = "vibetui.instance"
"""Which data directory owns the container: two vibetui on one engine must not reap each other's."""


class SessionStatus(StrEnum):
    """What the row says. Only the container's own HELLO makes a session usable."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"


class UserRole(StrEnum):
    """What an account may do beyond its own sessions."""

    USER = "user"
    """Nothing."""
    ADMIN = "admin"
    """Administers accounts, keys, invitations and the list of sessions; looks into nobody's."""


@dataclass(frozen=True, slots=True)
class User:
    """An account. `name` is what people type; `user_id` never changes."""

    user_id: str
    name: str
    created_at: datetime
    role: UserRole = UserRole.USER


@dataclass(frozen=True, slots=True)
class Account:
    """What the front has to know of somebody who proves who they are.

    Attributes:
        second_factor: A code of their authenticator app (TOTP) is asked for as well.
    """

    user: User
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who signs user certificates, and what is no longer accepted. Read when one is offered.

    Attributes:
        keys: Public key lines of the certificate authorities; none: certificates are refused.
        revoked: Lines as ``ssh-keygen -k`` takes them: ``serial: N`` or ``N-M``, ``id: TEXT``,
            ``hash: SHA256:…``, ``key: LINE``, or a bare public key line.
    """

    keys: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation to make an account. The code itself is shown once and never stored."""

    invite_id: str
    created_at: datetime
    expires_at: datetime
    uses: int
    """How many accounts it may make in all."""
    used: int
    made_by: str
    """Name of the account, or the operator's."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An OpenSSH public key that authenticates `user_id`."""

    fingerprint: str
    """``SHA256:`` + unpadded base64, as ``ssh-keygen -l`` prints it."""
    user_id: str
    algorithm: str
    blob: str
    """Base64 of the RFC 4253 section 6.6 key blob."""
    comment: str
    """What its owner calls it: the line's own comment until they say otherwise."""
    added_at: datetime
    last_used_at: datetime | None = None


class Access(StrEnum):
    """What somebody may do with a session."""

    OWNER = "owner"
    """Everything."""
    WRITER = "writer"
    """Start it, see its terminals and type into them."""
    VIEWER = "viewer"
    """See its terminals while it runs."""


@dataclass(frozen=True, slots=True)
class Session:
    """A development container with a ``/workspace`` that lasts, as whoever asks sees it."""

    session_id: str
    user_id: str
    name: str
    template: str
    container_id: str | None
    status: SessionStatus
    created_at: datetime
    last_used_at: datetime | None
    access: Access = Access.OWNER
    """What whoever asked may do with it."""
    owner: str = ""
    """The owner's name; empty for the owner."""
    shared_with: int = 0
    """How many others it is shared with."""
    recording: bool | None = None
    """Its terminals are recorded. None, as its template says, is only in the database."""
    recorded: bool = False
    """There are recordings of it."""
    recording_full: bool = False
    """A file, or the disk, is full, and a terminal isn't recorded any more."""
    stopped_at: datetime | None = None
    """When somebody stopped it; None where it runs, or ended by itself."""

    @property
    def reference(self) -> str:
        """What whoever asked calls it: ``NAME``, or ``OWNER+NAME`` where it isn't theirs."""
        return f"{self.owner}+{self.name}" if self.owner else self.name


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far the copy of a workspace is.

    Attributes:
        copied: Bytes.
        total: About how many there are to copy.
        session: The copy, when it is complete; that is the last.
    """

    copied: int
    total: int
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Somebody's access to a session of somebody else."""

    session_id: str
    user_id: str
    """Whom it is shared with."""
    name: str
    """Their name."""
    access: Access
    """``WRITER`` or ``VIEWER``."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Template:
    """What a session is made from."""

    name: str
    image: str
    description: str
    memory_bytes: int
    cpus: float
    pids: int
    record: bool = False
    """Record the terminals of its sessions, unless a session says otherwise."""


class SessionChange(StrEnum):
    """Why a watcher of the list is told."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class SessionNotice:
    """One change of one session; after ``DELETED`` the session is as it was last."""

    change: SessionChange
    session: Session


@dataclass(frozen=True, slots=True)
class Presence:
    """An app that one user has open now.

    Attributes:
        presence_id: Made by the app itself; it keeps it through restarts of the core.
        address: Where its user is; empty: at this machine.
        session_id: What it shows, if anything.
        terminal: The one that has the keyboard there.
    """

    presence_id: str
    address: str
    since: datetime
    session_id: str | None = None
    terminal: int | None = None


@dataclass(frozen=True, slots=True)
class PresenceNotice:
    """What an app hears about the others of its user.

    Attributes:
        others: All that are here now, the newest first.
        taken_by: Where the one is that has taken this app over; it has to leave. None: it may stay.
    """

    others: tuple[Presence, ...]
    taken_by: str | None = None
