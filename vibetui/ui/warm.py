"""Warms a process that forks children: afterwards a child's first frame needs no file."""

# ruff: noqa: ARG002 -- a core that answers the same whatever it is asked
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from vibetui.agent import AgentConnection
from vibetui.errors import OpenError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.model import (
    Access,
    CopyProgress,
    Presence,
    PresenceNotice,
    Session,
    SessionNotice,
    SessionStatus,
    Share,
    Template,
    User,
)
from vibetui.settings import Settings
from vibetui.terminals.emulators import make_emulator
from vibetui.ui.app import VibeApp

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


_SESSION = Session(
    "rehearsal", "nobody", "rehearsal", "base", None, SessionStatus.STOPPED, _EPOCH, None
)


class _RehearsalCore:
    """One session that never opens."""

    async def whoami(self) -> User:
        return User("nobody", "nobody", _EPOCH)

    async def templates(self) -> list[Template]:
        return [Template("base", "base", "", 1 << 30, 1.0, 64)]

    async def list_sessions(self) -> list[Session]:
        return [_SESSION]

    async def find_session(self, reference: str) -> Session:
        return _SESSION

    async def create_session(
        self, name: str, template: str | None = None, *, opening: bool = False
    ) -> Session:
        return _SESSION

    async def rename_session(self, session_id: str, name: str) -> Session:
        return _SESSION

    async def set_recording(self, session_id: str, on: bool | None) -> Session:
        return _SESSION

    async def delete_session(self, session_id: str) -> None:
        return None

    async def stop_session(self, session_id: str) -> Session:
        return _SESSION

    async def open_session(
        self, session_id: str, *, recreate: bool = False
    ) -> AsyncIterator[OpenEvent]:
        yield OpenEvent(OpenStep.LOOKUP, StepState.RUNNING, 0.0)
        yield OpenEvent(OpenStep.IMAGE, StepState.RUNNING, 0.0, fraction=0.5)
        raise OpenError("This is a rehearsal.")

    async def cancel_open(self, session_id: str) -> None:
        return None

    async def attach(self, session_id: str) -> AgentConnection:
        raise OpenError("This is a rehearsal.")

    async def attach_files(self, session_id: str) -> AgentConnection:
        raise OpenError("This is a rehearsal.")

    async def copy_session(self, session_id: str, name: str) -> AsyncIterator[CopyProgress]:
        yield CopyProgress(0, 0, _SESSION)

    async def session_log(self, session_id: str) -> str:
        return ""

    async def shares(self, session_id: str) -> list[Share]:
        return []

    async def share_session(self, session_id: str, name: str, access: Access) -> Share:
        return Share(session_id, name, name, access, _EPOCH)

    async def unshare_session(self, session_id: str, name: str) -> None:
        return None

    async def watch(self) -> AsyncIterator[SessionNotice]:
        await asyncio.Event().wait()
        yield  # type: ignore[misc]  # Makes it a generator; never reached.

    async def be_present(self, presence: Presence) -> AsyncIterator[PresenceNotice]:
        yield PresenceNotice((presence,))  # So that the question it makes is rehearsed as well.
        await asyncio.Event().wait()

    async def move_presence(
        self, presence_id: str, session_id: str | None, terminal: int | None = None
    ) -> None:
        return None

    async def take_over(self, presence_id: str, by: str) -> None:
        return None

    async def close(self) -> None:
        return None


_KEYS = (
    "b",
    "n",
    "escape",
    "d",
    "escape",
    "enter",
    "ctrl+right_square_bracket",
    "escape",
    "escape",
)


def warm() -> None:
    """Import all of the app and run it once without a terminal, through a screen of each kind.

    Leaves no event loop, no thread and no open file behind.
    """
    settings = Settings()
    make_emulator(settings.emulator, 24, 80, settings.scrollback_lines).close()
    asyncio.run(_rehearse(settings))


async def _rehearse(settings: Settings) -> None:
    app = VibeApp(_RehearsalCore(), settings, remote=True)
    async with app.run_test(headless=True, size=(80, 24)) as pilot:
        for key in _KEYS:
            await pilot.press(key)
        app.exit()
