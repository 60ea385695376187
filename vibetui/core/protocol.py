"""What one user's app may ask of the core, wherever the core is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from vibetui.agent import AgentConnection
from vibetui.events import OpenEvent
from vibetui.model import (
    Access,
    CopyProgress,
    Presence,
    PresenceNotice,
    Session,
    SessionNotice,
    Share,
    Template,
    User,
)


class Core(Protocol):
    """The core as one authenticated user sees it.

    `LocalCore` is the real thing in this process, `CoreClient` the same over a Unix socket; one
    conformance suite runs against both. A session of somebody else is `NotFound`, like one that
    doesn't exist; one that is shared with the user raises `Denied` where they lack the right.
    Everything raises `CoreUnavailable` where the core process is gone.
    """

    async def whoami(self) -> User: ...

    async def templates(self) -> list[Template]:
        """The default one first."""
        ...

    async def list_sessions(self) -> list[Session]:
        """The user's own and those shared with them, the most recently used first.

        Those never used come last, by creation, the newest first.
        """
        ...

    async def find_session(self, reference: str) -> Session:
        """The session that people mean by ``NAME`` or ``OWNER+NAME``; their own comes first.

        Raises `NotFound`, and `Conflict` where several people share one of that name with them.
        """
        ...

    async def create_session(
        self, name: str, template: str | None = None, *, opening: bool = False
    ) -> Session:
        """A row only: the container comes with the first `open_session`.

        With `opening` the session's flight has begun when this returns: `open_session` joins it.

        Raises `Invalid` (name or template), `Conflict` (the user has one of that name).
        """
        ...

    async def rename_session(self, session_id: str, name: str) -> Session:
        """Raises `Invalid`, `Conflict`."""
        ...

    async def set_recording(self, session_id: str, on: bool | None) -> Session:
        """Record the output of its terminals from now on, or not; None: as its template says.

        Only the owner may: `Denied` for everybody else.
        """
        ...

    async def delete_session(self, session_id: str) -> None:
        """Remove the container, the ``/workspace`` volume and the row, in this order."""
        ...

    async def stop_session(self, session_id: str) -> Session:
        """Stop the container (SIGTERM to all, then a grace period); cancels an opening flight."""
        ...

    def open_session(self, session_id: str, *, recreate: bool = False) -> AsyncIterator[OpenEvent]:
        """Join (or begin) the session's one flight and watch it: history first, then live.

        Ends after ``READY``/``DONE``, or raises one `OpenError`. Leaving the iterator does not
        stop the flight. With `recreate` the container is removed first; the volume stays.

        A viewer begins no flight: `Denied` where the session doesn't run and nobody starts it.
        """
        ...

    async def cancel_open(self, session_id: str) -> None:
        """Give the flight up: watchers get an `OpenError`; a half-made container is removed.

        A writer may do so with a flight that they began.
        """
        ...

    async def attach(self, session_id: str) -> AgentConnection:
        """A connection that the session's agent has greeted, for one operation on it.

        It is bound to the user's name and to what they may do.

        Raises `OpenError` (retryable) where the session isn't running now: open it first.
        """
        ...

    async def attach_files(self, session_id: str) -> AgentConnection:
        """A connection to the agent of a helper container that has nothing but the workspace.

        It is there for every session, running or not, for those who may write; `Denied` for a
        viewer. Bound as that of `attach`.
        """
        ...

    def copy_session(self, session_id: str, name: str) -> AsyncIterator[CopyProgress]:
        """Make a session of the user's own with the same template and a copy of the workspace.

        Ends after the progress that has the session. Leaving the iterator gives it up; then, and
        after an error, nothing of it is left. What runs in the session may change files
        meanwhile: they are copied as they were or as they are.

        Raises `Invalid` (the name), `Conflict` (taken, too many), `Denied` for a viewer.
        """
        ...

    async def session_log(self, session_id: str) -> str:
        """The last lines of the container's own output, for a person; may be empty."""
        ...

    async def shares(self, session_id: str) -> list[Share]:
        """Whom the user's own session is shared with, by name."""
        ...

    async def share_session(self, session_id: str, name: str, access: Access) -> Share:
        """Let the user called `name` in as a writer or viewer, or change what they are.

        Raises `NotFound` (no such user), `Invalid` (the owner themselves, or as an owner).
        """
        ...

    async def unshare_session(self, session_id: str, name: str) -> None:
        """End it; whoever is attached is put out at once. One may leave by one's own name.

        Raises `NotFound` (no such user, or it isn't shared with them).
        """
        ...

    def watch(self) -> AsyncIterator[SessionNotice]:
        """Changes of what the user sees, from now on.

        A session that is newly shared with them is ``CREATED``, one that no longer is ``DELETED``.
        """
        ...

    def be_present(self, presence: Presence) -> AsyncIterator[PresenceNotice]:
        """Say that an app of the user's is here, for as long as the iteration goes on.

        Tells which others are, first and after every change; and, last, that it has to leave.
        """
        ...

    async def move_presence(
        self, presence_id: str, session_id: str | None, terminal: int | None = None
    ) -> None:
        """That app shows another session or terminal now, or none."""
        ...

    async def take_over(self, presence_id: str, by: str) -> None:
        """Ask that app of the user's to leave for the one at the address `by`.

        Returns when it has gone, within two seconds: one that doesn't react is hung up.
        """
        ...

    async def close(self) -> None: ...
