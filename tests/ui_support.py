"""A core whose states stand still, for looking at the app and driving it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakSet

from asyncinotify import Inotify, Mask
from textual.pilot import Pilot

from vibetui.agent import AgentConnection, binary_path
from vibetui.errors import Conflict, CoreUnavailable, NotFound, OpenError, VibeError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.model import (
    Access,
    CopyProgress,
    Presence,
    PresenceNotice,
    Session,
    SessionChange,
    SessionNotice,
    SessionStatus,
    Share,
    Template,
    User,
)
from vibetui.settings import Settings
from vibetui.ui import VibeApp
from vibetui.ui.widgets.terminal_pane import TerminalPane
from vibetui.ui.world import World

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

STILL = World(now=lambda: NOW, monotonic=lambda: 100.0, choose=lambda words: words[0])
"""A world in which no time passes and chance takes the first."""

BASE = Template(
    name="base",
    image="vibetui/base:latest",
    description="Debian with Python, git and vim",
    memory_bytes=2048 << 20,
    cpus=2.0,
    pids=1024,
)
GPU = replace(BASE, name="science", description="NumPy and friends", memory_bytes=8192 << 20)


def session(
    name: str,
    status: SessionStatus = SessionStatus.STOPPED,
    used: timedelta | None = None,
    template: str = "base",
) -> Session:
    """A row; its id is made from the name."""
    return Session(
        session_id=f"id{name}",
        user_id="ada",
        name=name,
        template=template,
        container_id=None if status is SessionStatus.STOPPED else f"container-{name}",
        status=status,
        created_at=NOW - timedelta(days=40),
        last_used_at=None if used is None else NOW - used,
    )


def some_sessions() -> list[Session]:
    """Every status and every way to say how long ago."""
    return [
        session("api", SessionStatus.RUNNING, timedelta(seconds=20)),
        session("web-frontend", SessionStatus.RUNNING, timedelta(minutes=3)),
        session("data-pipeline", SessionStatus.STARTING, timedelta(hours=5), "science"),
        session("thesis", SessionStatus.STOPPED, timedelta(days=1), "science"),
        session("old-experiment-with-a-long-name", SessionStatus.STOPPED, timedelta(days=45)),
        session("scratch"),
    ]


def happened(
    step: OpenStep,
    state: StepState,
    elapsed: float,
    fraction: float | None = None,
    detail: str = "",
) -> OpenEvent:
    """Short for an event."""
    return OpenEvent(step, state, elapsed, fraction, detail)


def up_to(step: OpenStep, seconds: float = 0.4) -> list[OpenEvent]:
    """All steps before `step` done, one after the other, and `step` begun."""
    events: list[OpenEvent] = []
    at = 0.0
    for earlier in OpenStep:
        events.append(happened(earlier, StepState.RUNNING, at))
        if earlier is step:
            break
        at += seconds
        events.append(happened(earlier, StepState.DONE, at))
    return events


@dataclass
class StagedCore:
    """Implements `Core`; tests set its fields and it stays as they say."""

    sessions: list[Session] = field(default_factory=some_sessions)
    opening: Sequence[OpenEvent] = ()
    """What every flight says."""
    open_error: VibeError | None = None
    """How the flight ends; None: it goes on until `finish` is set, as a copy does."""
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    unreachable: bool = False
    log_text: str = ""
    agent_socket: Path | None = None
    """Where a real agent listens; `attach` connects to it."""
    agents: dict[str, Path] = field(default_factory=dict)
    """By session id, where another one does."""
    attach_error: VibeError | None = None
    shared: dict[str, list[Share]] = field(default_factory=dict)
    """Whom sessions are shared with, by session id."""
    calls: list[tuple[str, ...]] = field(default_factory=list)
    """What the app has asked for, in order, but for connections."""
    attached: list[str] = field(default_factory=list)
    """The sessions that it asked for a connection to, in order."""
    others: tuple[Presence, ...] = ()
    """Apps of the same user."""
    taken_by: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    """Filled where the app is to be taken over."""
    presences: list[Presence] = field(default_factory=list)
    """What the app has said of itself, and below, what it has said to show."""
    moves: list[tuple[str | None, int | None]] = field(default_factory=list)
    _watchers: list[asyncio.Queue[SessionNotice | None]] = field(default_factory=list)
    _handed_out: WeakSet[socket.socket] = field(default_factory=WeakSet)
    _cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def whoami(self) -> User:
        self._check()
        return User("ada", "ada", NOW)

    async def templates(self) -> list[Template]:
        self._check()
        return [BASE, GPU]

    async def list_sessions(self) -> list[Session]:
        self._check()
        return list(self.sessions)

    async def create_session(
        self, name: str, template: str | None = None, *, opening: bool = False
    ) -> Session:
        self._called("create", name, template or "base")
        if any(known.name == name for known in self.sessions):
            raise Conflict(f"You have a session called {name} already.", "Choose another name.")
        made = replace(session(name, template=template or "base"), created_at=NOW)
        self.sessions.append(made)
        return made

    async def set_recording(self, session_id: str, on: bool | None) -> Session:
        self._called("record", session_id, str(on))
        old = self.find(session_id)
        return self._changed(old, replace(old, recording=on))

    async def rename_session(self, session_id: str, name: str) -> Session:
        self._called("rename", session_id, name)
        return self.change(session_id, name=name)

    async def copy_session(self, session_id: str, name: str) -> AsyncIterator[CopyProgress]:
        self._called("copy", session_id, name)
        yield CopyProgress(1, 4)
        await self.finish.wait()
        made = replace(self.find(session_id), session_id=f"{session_id}-copy", name=name)
        yield CopyProgress(4, 4, made)

    async def delete_session(self, session_id: str) -> None:
        self._called("delete", session_id)
        gone = self.find(session_id)
        self.sessions.remove(gone)
        self.notify(SessionNotice(SessionChange.DELETED, gone))

    async def stop_session(self, session_id: str) -> Session:
        self._called("stop", session_id)
        return self.change(session_id, status=SessionStatus.STOPPED)

    async def open_session(
        self, session_id: str, *, recreate: bool = False
    ) -> AsyncIterator[OpenEvent]:
        self._called("open", session_id, *(["recreate"] if recreate else []))
        self._cancelled.clear()
        for event in self.opening:
            yield event
        if self.open_error is not None:
            raise self.open_error
        ends = [asyncio.ensure_future(end.wait()) for end in (self.finish, self._cancelled)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        if self._cancelled.is_set():
            raise OpenError("The start was cancelled.", "Start it again when you like.")
        self.change(session_id, status=SessionStatus.RUNNING)
        yield happened(OpenStep.READY, StepState.DONE, 2.0)

    async def cancel_open(self, session_id: str) -> None:
        self._called("cancel", session_id)
        self._cancelled.set()

    async def attach(self, session_id: str) -> AgentConnection:
        self._check()
        self.attached.append(session_id)
        if self.attach_error is not None:
            raise self.attach_error
        path = self.agents.get(session_id, self.agent_socket)
        if path is None:
            raise OpenError("The container isn't running.", "Open the session first.")
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(path))
        except OSError as error:
            sock.close()
            raise OpenError("The container isn't running.", "Open the session first.") from error
        self._handed_out.add(sock)
        return await AgentConnection.greet(sock, deadline=5)

    async def session_log(self, session_id: str) -> str:
        self._check()
        return self.log_text

    async def shares(self, session_id: str) -> list[Share]:
        self._check()
        return list(self.shared.get(session_id, ()))

    async def share_session(self, session_id: str, name: str, access: Access) -> Share:
        self._called("share", session_id, name, str(access))
        if name not in ("bob", "carol"):
            raise NotFound(f"There is no user called “{name}”.", "Check the spelling.")
        made = Share(session_id, name, name, access, NOW)
        others = [share for share in self.shared.get(session_id, ()) if share.name != name]
        self.shared[session_id] = sorted([*others, made], key=lambda share: share.name)
        self._shares_changed(session_id)
        return made

    async def unshare_session(self, session_id: str, name: str) -> None:
        self._called("unshare", session_id, name)
        if name == (await self.whoami()).name:
            gone = self.find(session_id)
            self.sessions.remove(gone)
            self.notify(SessionNotice(SessionChange.DELETED, gone))
            return
        shares = self.shared.get(session_id, [])
        self.shared[session_id] = [share for share in shares if share.name != name]
        self._shares_changed(session_id)

    def _shares_changed(self, session_id: str) -> None:
        old = self.find(session_id)
        new = replace(old, shared_with=len(self.shared[session_id]))
        self._changed(old, new)

    def _changed(self, old: Session, new: Session) -> Session:
        self.sessions[self.sessions.index(old)] = new
        self.notify(SessionNotice(SessionChange.UPDATED, new))
        return new

    async def watch(self) -> AsyncIterator[SessionNotice]:
        self._check()
        queue: asyncio.Queue[SessionNotice | None] = asyncio.Queue()
        self._watchers.append(queue)
        try:
            while (notice := await queue.get()) is not None:
                yield notice
        finally:
            self._watchers.remove(queue)
        raise CoreUnavailable("The core can't be reached.")

    async def be_present(self, presence: Presence) -> AsyncIterator[PresenceNotice]:
        self._check()
        self.presences.append(presence)
        yield PresenceNotice(self.others)
        yield PresenceNotice((), await self.taken_by.get())

    async def move_presence(
        self, presence_id: str, session_id: str | None, terminal: int | None = None
    ) -> None:
        self._check()
        self.moves.append((session_id, terminal))

    async def take_over(self, presence_id: str, by: str) -> None:
        self._called("take over", presence_id, by)

    async def close(self) -> None:
        return None

    # What tests do to it

    def find(self, session_id: str) -> Session:
        """The session, or `NotFound`."""
        for known in self.sessions:
            if known.session_id == session_id:
                return known
        raise NotFound("There is no such session.")

    def change(
        self, session_id: str, *, name: str | None = None, status: SessionStatus | None = None
    ) -> Session:
        """Change a row and tell the watchers."""
        old = self.find(session_id)
        new = replace(old, name=name or old.name, status=status or old.status)
        return self._changed(old, new)

    def notify(self, notice: SessionNotice) -> None:
        """Tell everybody who watches."""
        for queue in self._watchers:
            queue.put_nowait(notice)

    def go_away(self) -> None:
        """As when the core process is killed."""
        self.unreachable = True
        for queue in self._watchers:
            queue.put_nowait(None)

    def kill_agent(self) -> None:
        """As when its container stops: the connections of the sockets given out break."""
        for sock in self._handed_out:
            if sock.fileno() >= 0:
                sock.shutdown(socket.SHUT_RDWR)
        self._handed_out.clear()

    def _called(self, *call: str) -> None:
        self._check()
        self.calls.append(call)

    def _check(self) -> None:
        if self.unreachable:
            raise CoreUnavailable("The core can't be reached.")


_SOMEBODY = 23456
"""An account that exists nowhere, so that no profile but ours is read."""


@contextmanager
def running_agent() -> Iterator[Path]:
    """The real agent as a plain process, its shells with a plain prompt; yields its socket."""
    with TemporaryDirectory() as made:
        directory = Path(made)
        directory.chmod(0o755)
        workspace = directory / "workspace"
        workspace.mkdir()
        (workspace / ".profile").write_text("PS1='$ '\n")
        with _agent_in(directory, workspace) as path:
            yield path


@contextmanager
def _agent_in(directory: Path, workspace: Path) -> Iterator[Path]:
    path = directory / "agent.sock"
    command = [str(binary_path()), "serve", "--socket", str(path)]
    command += ["--workspace", str(workspace)]
    account = _SOMEBODY if os.getuid() == 0 else os.getuid()
    command += ["--uid", str(account), "--gid", str(account)]
    with Inotify(sync_timeout=10) as watch:
        watch.add_watch(directory, Mask.MOVED_TO)
        agent = subprocess.Popen(command, env={"PATH": os.environ["PATH"], "HOME": str(workspace)})
        try:
            named = next((event for event in watch if str(event.name) == path.name), None)
            assert named is not None, "the agent did not come up"
            yield path
        finally:
            agent.terminate()
            agent.wait(10)


def staged_app(core: StagedCore, *, world: World = STILL) -> VibeApp:
    """The app over a staged core, without animations."""
    app = VibeApp(core, Settings(), remote=True, world=world)
    app.animation_level = "none"
    return app


async def until(pilot: Pilot[str], condition: Callable[[], bool], seconds: float = 10) -> None:
    """Let the app work until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await pilot.pause()


def shown(app: VibeApp) -> str:
    """All the text on the screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def pane_text(app: VibeApp) -> str:
    """What the terminal with the keyboard shows; empty while there is none."""
    panes = [pane for pane in app.screen.query(TerminalPane) if pane.terminal is not None]
    panes.sort(key=lambda pane: (pane.display, pane.has_focus))
    terminal = panes[-1].terminal if panes else None
    if terminal is None:
        return ""
    emulator = terminal.emulator
    rows = ("".join(run.text for run in emulator.row(y)).rstrip() for y in range(emulator.rows))
    return "\n".join(rows)
