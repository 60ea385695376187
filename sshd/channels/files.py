"""SFTP to a session: by the image's own sftp-server, or to ``/workspace`` alone by a helper."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from typing_extensions import override

from sshd.channels.exec import status_of
from sshd.channels.transfers import Transfers
from sshd.channels.work import Channel, StreamWork
from sshd.route import Request, ToFiles
from sshd.visit import Visit
from vibetui.agent import AgentConnection
from vibetui.agent.exec import Err, ExecSpec, ExecStream, Out
from vibetui.errors import AgentError, Conflict, Denied, OpenError, VibeError
from vibetui.events import EventCode
from vibetui.model import Access, Session

_MISSING = 86
"""The status that says so: nothing has been read or written then."""

_SERVER = f"""\
for server in /usr/lib/openssh/sftp-server /usr/lib/ssh/sftp-server \
    /usr/libexec/openssh/sftp-server /usr/libexec/sftp-server "$(command -v sftp-server)"; do
    [ -x "$server" ] && exec "$server" -e -l INFO
done
exit {_MISSING}"""
"""Where Debian, Alpine and Arch, Fedora, and the BSDs have it. It logs to stderr."""

_NO_SHELL = (126, 127)
"""The agent's statuses for an image that has no ``/bin/sh`` either."""

_MOST_HELD = 16 * 1024
"""Bytes on stderr that wait for an answer; whatever says more than that is there."""

_LAST_WORDS = 5.0
"""Seconds for an sftp-server whose client has gone to say what came of the open files."""


class FilesWork(StreamWork):
    """The subsystem ``sftp``; scp in its present form is this too."""

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToFiles) -> None:
        super().__init__(visit, request, channel)
        self._target = target
        self._greeting: bytes | None = None
        self._said_all = False

    @override
    async def main(self) -> int | str:
        session = await self.visit.session(self._target.session)
        await self._check(session)
        await self.visit.audit(EventCode.FILES, session)
        if (agent := await self._in_session(session)) is not None:
            if (status := await self._serve(session, agent)) is not None:
                return status
            self.say(
                "The image lacks sftp-server (Debian: openssh-sftp-server),"
                " so only /workspace is served."
            )
        helper = await (await self.visit.core()).attach_files(session.session_id)
        if (status := await self._serve(session, helper)) is not None:
            return status
        raise VibeError(
            "The server's own image for helpers lacks sftp-server.",
            "Its operator has to set helper_image to one that has it.",
        )

    async def _check(self, session: Session) -> None:
        if not self.visit.settings.allow_files:
            await self.visit.audit(EventCode.ACCESS_REFUSED, session, subsystem="sftp")
            raise Denied("This server allows no file transfer.")
        if session.access is Access.VIEWER:
            await self.visit.audit(EventCode.ACCESS_REFUSED, session, subsystem="sftp")
            raise Denied(
                "You are watching this session; its files are for those who may write.",
                f"Ask {session.owner} to make you a writer.",
            )

    async def _in_session(self, session: Session) -> AgentConnection | None:
        """None where it doesn't run and isn't started; that is said."""
        try:
            return await self.visit.connect(session, self.say, purpose="files")
        except (Conflict, OpenError) as error:
            self.say(f"{error.message} So only /workspace is served.")
            return None

    async def _serve(self, session: Session, agent: AgentConnection) -> int | str | None:
        """To the end of the connection; None where there is no sftp-server."""
        try:
            stream = await agent.execute(ExecSpec(("/bin/sh", "-c", _SERVER)))
        finally:
            agent.close()
        self._said_all = False
        transfers = Transfers(partial(self.visit.audit, EventCode.FILE_TRANSFERRED, session))
        self.visit.services.background(transfers.run())
        answered = asyncio.Event()
        typing = asyncio.create_task(self._feed(stream, answered))
        try:
            held = await self._pass_on(stream, transfers, answered)
        except asyncio.CancelledError:
            self.visit.services.background(self._hear_out(stream, transfers))
            raise
        except BaseException:
            transfers.end()
            stream.close()
            raise
        finally:
            typing.cancel()
            await asyncio.wait([typing])
        held += transfers.end()
        stream.close()
        assert stream.exit is not None
        if not answered.is_set() and stream.exit.code in (_MISSING, *_NO_SHELL):
            return None
        await self.write_error(held)
        return status_of(stream.exit)

    async def _pass_on(
        self, stream: ExecStream, transfers: Transfers, answered: asyncio.Event
    ) -> bytes:
        """Until the program has ended; returns what it said on stderr without an answer."""
        held = b""
        while (piece := await stream.read()) is not None:
            if isinstance(piece, Out):
                answered.set()
                await self.write(piece.data)
            else:
                assert isinstance(piece, Err)
                held += transfers.take(piece.data)
            if len(held) > _MOST_HELD:
                answered.set()
            if answered.is_set() and held:
                await self.write_error(held)
                held = b""
        return held

    async def _feed(self, stream: ExecStream, answered: asyncio.Event) -> None:
        """The client's input; all but its greeting waits for the answer to that.

        So the greeting can be given to another server where the first isn't there.
        """
        if self._greeting is None:
            self._greeting = await self.read()
        with suppress(AgentError):
            if self._greeting:
                stream.send(self._greeting)
                await stream.drain()
                await answered.wait()
                while data := await self.read():
                    stream.send(data)
                    await stream.drain()
            self._end_input(stream)

    def _end_input(self, stream: ExecStream) -> None:
        if not self._said_all:
            self._said_all = True
            stream.send_eof()

    async def _hear_out(self, stream: ExecStream, transfers: Transfers) -> None:
        """The client has gone: its server says what it has done with the files that are open."""
        try:
            async with asyncio.timeout(_LAST_WORDS):
                self._end_input(stream)
                while (piece := await stream.read()) is not None:
                    if isinstance(piece, Err):
                        transfers.take(piece.data)
        except (TimeoutError, AgentError):
            pass  # Killed with its container, or it hangs: it can say nothing.
        finally:
            transfers.end()
            stream.close()
