"""A command, or the login shell, in a session: by pipes, or on a PTY of the container's."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from typing_extensions import override

from sshd.channels.work import Channel, StreamWork
from sshd.environment import client_environment
from sshd.route import Request, ToRun
from sshd.visit import Visit
from vibetui.agent import AgentConnection, TerminalSpec, TerminalStream
from vibetui.agent.exec import Err, ExecSpec, ExecStream, Out
from vibetui.agent.nouns import ExitStatus
from vibetui.errors import Denied, VibeError
from vibetui.events import EventCode
from vibetui.model import Access, Session

_BY_THE_SHELL = ("/bin/sh", "-c", 'exec "${SHELL:-/bin/sh}" -c "$1"', "sh")
"""The account's own shell reads the command, as with OpenSSH; the agent sets SHELL."""

_PACKAGES = {
    "bash": "bash",
    "rsync": "rsync",
    "scp": "openssh-client",
    "sftp-server": "openssh-sftp-server",
    "git": "git",
    "git-upload-pack": "git",
    "git-receive-pack": "git",
}
"""Programs that tools at the other end count on, and the Debian packages that have them."""

_NOT_FOUND = 127
_SHOWN = 256
"""Characters of a command that the audit trail keeps."""


class ExecWork(StreamWork):
    """From the request to the program's exit status; a client that leaves hangs it up."""

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToRun) -> None:
        super().__init__(visit, request, channel)
        self._target = target
        self._agent_path: str | None = None
        self._running: ExecStream | None = None
        self._terminal: TerminalStream | None = None

    @override
    async def main(self) -> int | str:
        session = await self.visit.session(self._target.session)
        command = (self._target.command or "")[:_SHOWN]
        if not self.visit.settings.allow_exec:
            await self.visit.audit(EventCode.ACCESS_REFUSED, session, command=command)
            raise Denied("This server lets nobody run commands by ssh.", "Use the app: ssh -t")
        terminal = self.request.term is not None
        await self.visit.audit(EventCode.EXEC, session, command=command, terminal=terminal)
        ended = await self._run_in(session)
        await self.visit.audit(
            EventCode.EXEC, session, command=command, status=ended.code, signal=ended.signal
        )
        return self._status(ended)

    async def _run_in(self, session: Session) -> ExitStatus:
        """Raises `Denied` for a viewer."""
        if session.access is Access.VIEWER:
            await self.visit.audit(EventCode.ACCESS_REFUSED, session)
            raise Denied("You are watching this session and can't run anything in it.")
        terminal = self.request.term is not None
        agent = await self.visit.connect(
            session, self.say, interactive=terminal, purpose=self.purpose
        )
        try:
            self._agent_path = await self._forwarded_agent(session)
            return await (self._on_a_pty(session, agent) if terminal else self._by_pipes(agent))
        finally:
            agent.close()

    async def _forwarded_agent(self, session: Session) -> str | None:
        try:
            return None if self.visit.agent is None else await self.visit.agent.path(session)
        except VibeError as error:
            self.say(f"Your ssh-agent can't be reached from here: {error.message} {error.hint}")
            return None

    def _environment(self) -> dict[str, str]:
        taken = client_environment(self.request.term or "", self.request.environment)
        if self.request.term is None:
            del taken["TERM"]
        if self._agent_path is not None:
            taken["SSH_AUTH_SOCK"] = self._agent_path
        return taken

    @property
    def purpose(self) -> str:
        """What a client that comes back would ask for again: the program, or the plain shell."""
        return self._program() or "shell"

    def _program(self) -> str:
        words = (self._target.command or "").split(maxsplit=1)
        return words[0].rpartition("/")[2] if words else ""

    def _argv(self) -> tuple[str, ...]:
        command = self._target.command
        return () if command is None else (*_BY_THE_SHELL, command)

    def _status(self, ended: ExitStatus) -> int | str:
        program = self._program()
        if ended.code == _NOT_FOUND and program in _PACKAGES:
            self.say(f"The session's image lacks {program}: add Debian's {_PACKAGES[program]}.")
        return status_of(ended)

    # Without a terminal

    async def _by_pipes(self, agent: AgentConnection) -> ExitStatus:
        spec = ExecSpec(self._argv(), self._environment())
        stream = self._running = await agent.execute(spec)
        typing = asyncio.create_task(self._feed(stream))
        try:
            while (piece := await stream.read()) is not None:
                if isinstance(piece, Out):
                    await self.write(piece.data)
                else:
                    assert isinstance(piece, Err)
                    await self.write_error(piece.data)
        finally:
            await _end(typing)
            stream.close()
        assert stream.exit is not None
        return stream.exit

    async def _feed(self, stream: ExecStream) -> None:
        while data := await self.read():
            stream.send(data)
            await stream.drain()
        stream.send_eof()

    # On a PTY

    async def _on_a_pty(self, session: Session, agent: AgentConnection) -> ExitStatus:
        columns, rows = self.request.size
        name = (self._target.command or "ssh").encode()[:64].decode(errors="ignore")
        spec = TerminalSpec(
            self._argv(),
            self._environment(),
            rows=rows,
            columns=columns,
            name=name,
        )
        number = await agent.open_terminal(spec)
        try:
            stream = self._terminal = await agent.attach(number, size=(rows, columns))
            typing = asyncio.create_task(self._type(stream))
            try:
                await self.write(stream.replay.data)
                while data := await stream.read():
                    if isinstance(data, bytes):
                        await self.write(data)
            finally:
                await _end(typing)
                stream.close()
            assert stream.exit is not None
            return stream.exit
        finally:
            # As sshd does: whoever leaves hangs the program up. Shells that stay are the app's.
            self.visit.services.background(self._close(session, number))

    async def _close(self, session: Session, number: int) -> None:
        with suppress(VibeError):
            agent = await (await self.visit.core()).attach(session.session_id)
            try:
                await agent.close_terminal(number)
            finally:
                agent.close()

    async def _type(self, stream: TerminalStream) -> None:
        while data := await self.read():
            stream.send(data)
            await stream.drain()

    # What else the client does

    @override
    def resized(self, columns: int, rows: int) -> None:
        if self._terminal is not None:
            self._terminal.resize(rows, columns)

    @override
    def signalled(self, name: str) -> None:
        number = getattr(signal, f"SIG{name}", None)
        if self._running is not None and isinstance(number, signal.Signals):
            self._running.signal(number)


def status_of(ended: ExitStatus) -> int | str:
    """As `StreamWork.main` returns it."""
    if ended.signal is not None:
        with suppress(ValueError):
            return signal.Signals(ended.signal).name.removeprefix("SIG")
        return 128 + ended.signal
    assert ended.code is not None
    return ended.code


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
