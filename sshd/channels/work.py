"""What answers one session channel: the app, a command, a verb, file transfer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncssh
import structlog

from sshd.channels.flow import Inbox
from sshd.route import Request
from sshd.visit import Visit
from vibetui.errors import VibeError
from vibetui.inert import printable

log = structlog.get_logger(__name__)

SHUTTING_DOWN = "The server is shutting down; your sessions keep running."

_WRITE_HIGH, _WRITE_LOW = 256 * 1024, 64 * 1024
"""Bytes that wait in the channel for the client before whoever writes has to wait."""

Channel = asyncssh.SSHServerChannel[bytes]


class Work:
    """One channel's work. `finished` is set once it has said its last word.

    Whoever makes it calls `start` once and passes everything on that the client does.

    Attributes:
        paused: The client takes no more now.
    """

    def __init__(self, visit: Visit, request: Request, channel: Channel) -> None:
        self.visit = visit
        self.request = request
        self.channel = channel
        self.finished = asyncio.Event()
        self.paused = False
        channel.set_write_buffer_limits(_WRITE_HIGH, _WRITE_LOW)

    def start(self) -> None:
        """Begin; returns at once."""
        raise NotImplementedError

    def feed(self, data: bytes) -> None:
        """The client's input."""

    def feed_eof(self) -> None:
        """The client's input has ended."""

    def resized(self, columns: int, rows: int) -> None:
        """The client's terminal has another size."""

    def signalled(self, name: str) -> None:
        """The client sends a signal, without ``SIG`` (RFC 4254 section 6.9)."""

    def client_left(self) -> None:
        """The channel is gone: nobody hears anything any more."""

    def ask_to_leave(self) -> None:
        """The server shuts down."""
        self.abandon()

    def abandon(self, why: str = SHUTTING_DOWN) -> None:
        """It ends now, for the reason that the client's user is told."""

    def pause(self) -> None:
        """The client takes no more now."""
        self.paused = True

    def resume(self) -> None:
        """The client takes more again."""
        self.paused = False


class StreamWork(Work):
    """Work as a coroutine with three streams: `main`, `read`, `write` and `write_error`.

    It is cancelled when the client leaves. A `VibeError` becomes a sentence on stderr and status
    `failure_status`.
    """

    failure_status = 255
    """As OpenSSH's own for what isn't the command's doing."""

    def __init__(self, visit: Visit, request: Request, channel: Channel) -> None:
        super().__init__(visit, request, channel)
        self._room = asyncio.Event()
        self._room.set()
        self._inbox = Inbox(channel)
        self._task: asyncio.Task[None] | None = None
        self._leaving = ""

    async def main(self) -> int | str:
        """The work itself. Returns the exit status, or the name of the signal that ended it."""
        raise NotImplementedError

    def start(self) -> None:
        self.visit.services.background(self._run())

    async def _run(self) -> None:
        self._task = asyncio.current_task()
        try:
            how = await self.main()
        except VibeError as error:
            self.say(f"{error.message} {error.hint}".strip())
            how = self.failure_status
        except asyncio.CancelledError:
            if not self._leaving:
                raise
            self.say(self._leaving)
            how = self.failure_status
        except Exception:
            log.exception("channel.failed", user_id=self.visit.login.user.user_id)
            self.say("Something went wrong in the server; its log has the cause.")
            how = self.failure_status
        finally:
            self.finished.set()
        with suppress(OSError):  # The client has gone.
            if isinstance(how, str):
                self.channel.exit_with_signal(how)
            else:
                self.channel.exit(how)

    # For `main`

    async def read(self) -> bytes:
        """What the client has sent since the last time; ``b""`` once it has ended its input."""
        return await self._inbox.read()

    async def write(self, data: bytes) -> None:
        """To the client's stdout, when it takes it. Raises `OSError` once the client has gone."""
        await self._room.wait()
        self.channel.write(data)

    async def write_error(self, data: bytes) -> None:
        """To the client's stderr, as `write`."""
        await self._room.wait()
        self.channel.write_stderr(data)

    def say(self, sentence: str) -> None:
        """One line for the client's user, on stderr; whatever is in it can't steer a terminal."""
        end = "\r\n" if self.request.term is not None else "\n"
        with suppress(OSError):
            self.channel.write_stderr(f"vibetui: {printable(sentence)}{end}".encode())

    # What the client does

    def feed(self, data: bytes) -> None:
        self._inbox.feed(data)

    def feed_eof(self) -> None:
        self._inbox.end()

    def client_left(self) -> None:
        self._end("The client has gone.")

    def pause(self) -> None:
        super().pause()
        self._room.clear()

    def resume(self) -> None:
        super().resume()
        self._room.set()

    def abandon(self, why: str = SHUTTING_DOWN) -> None:
        self._end(why)

    def _end(self, why: str) -> None:
        self._leaving = self._leaving or why
        self._room.set()
        if self._task is not None:
            self._task.cancel()
