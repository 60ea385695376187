"""Stable event codes, shared by log and audit, and the typed progress of opening a session."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class EventCode(StrEnum):
    """What is logged and audited. A code never changes its meaning."""

    SESSION_CREATED = "session.created"
    """A row was made; no container yet."""
    SESSION_OPENED = "session.opened"
    """Somebody asked for the session; its flight begins."""
    SESSION_RECORDING = "session.recording"
    """Recording was turned on or off, or left to the template."""
    SESSION_RENAMED = "session.renamed"
    SESSION_DELETED = "session.deleted"
    """Container, volume and row are gone."""
    SESSION_STOPPED = "session.stopped"
    SESSION_SHARED = "session.shared"
    """The owner gave somebody access, or another access than before."""
    SESSION_UNSHARED = "session.unshared"
    SESSION_READY = "session.ready"
    """The agent has said HELLO and the row says running."""
    SESSION_OPEN_FAILED = "session.open_failed"
    IMAGE_PULLED = "session.image.pulled"
    CONTAINER_CREATING = "session.container.creating"
    CONTAINER_CREATED = "session.container.created"
    CONTAINER_STARTED = "session.container.started"
    CONTAINER_ADOPTED = "session.container.adopted"
    """A container of this session that the row did not know was taken over."""
    CONTAINER_REMOVED = "session.container.removed"
    CONTAINER_DIED = "session.container.died"
    AGENT_HANDSHAKE = "session.agent.handshake"
    PTY_CREATED = "session.pty.created"
    SESSION_RECONCILED = "session.reconciled"
    """A row followed what the engine says."""
    USER_ADDED = "user.added"
    USER_REMOVED = "user.removed"
    USER_CHANGED = "user.changed"
    """Another role, password or second factor; the detail says which, never what it is."""
    KEY_ADDED = "key.added"
    KEY_REMOVED = "key.removed"
    KEY_LABELLED = "key.labelled"
    INVITE_MADE = "invite.made"
    INVITE_USED = "invite.used"
    INVITE_REVOKED = "invite.revoked"
    HOSTKEY_ROTATED = "hostkey.rotated"
    LOGIN = "login"
    """With the method, and the key or certificate that was used."""
    LOGIN_REFUSED = "login.refused"
    ADDRESS_BANNED = "address.banned"
    """Too many failed logins: connections from there are refused for a while."""
    ACCESS_REFUSED = "access.refused"
    """Somebody asked for a session that isn't theirs, or for what a setting forbids."""
    APP_STARTED = "app.started"
    LOBBY = "lobby"
    """A verb such as ``ls`` or ``stop``, by ssh."""
    EXEC = "exec"
    """A command or a plain shell in a session; with its end, its status."""
    FILES = "files"
    """An SFTP connection to a workspace."""
    FILE_TRANSFERRED = "file.transferred"
    """What an sftp-server says that it did with one file; the detail says what (``did``)."""
    FORWARD = "forward"
    """A connection into a session (-L, -D, -J), or out of one (-R)."""
    FORWARD_LISTEN = "forward.listen"
    """A listener inside a session for a client (-R, agent forwarding)."""
    SESSION_COPIED = "session.copied"
    CLIENT_LOST = "client.lost"
    """A client that gave no sign of life was given up."""
    UI_CRASHED = "ui.crashed"
    UI_TAKEN_OVER = "ui.taken_over"
    """An app was asked to leave by another of the same user."""
    SERVER_STARTED = "server.started"
    SERVER_STOPPED = "server.stopped"
    PROCESS_RESTARTED = "server.process.restarted"


class OpenStep(StrEnum):
    """The steps of opening a session, in order."""

    LOOKUP = "lookup"
    IMAGE = "image"
    CREATE = "create"
    START = "start"
    HANDSHAKE = "handshake"
    READY = "ready"


class StepState(StrEnum):
    """Where a step is. ``SKIPPED``: there was nothing to do (the container existed, …)."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """One piece of progress; a watcher that joins late is sent the whole history first."""

    step: OpenStep
    state: StepState
    elapsed: float
    """Seconds since the flight began."""
    fraction: float | None = None
    """0..1 of this step where it is known truly (a pull), else None."""
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """The form in which the core's API sends it."""
        return {
            "step": str(self.step),
            "state": str(self.state),
            "elapsed": self.elapsed,
            "fraction": self.fraction,
            "detail": self.detail,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OpenEvent:
        """The inverse of `to_json`."""
        return cls(
            step=OpenStep(data["step"]),
            state=StepState(data["state"]),
            elapsed=float(data["elapsed"]),
            fraction=None if data["fraction"] is None else float(data["fraction"]),
            detail=str(data["detail"]),
        )
