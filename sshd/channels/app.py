"""A session channel with a terminal: one UI process on a pseudo-terminal of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

import asyncssh
import structlog
from typing_extensions import override

from sshd.auth import Background, FrontCore, Login
from sshd.control import ControlChannel, Kind, Message, Reason
from sshd.environment import client_environment
from sshd.launcher import Launcher
from sshd.splice import Splice
from sshd.tty import open_pty, sane_size, set_size
from vibetui.errors import VibeError
from vibetui.events import EventCode
from vibetui.terminals.screen_state import ScreenState

log = structlog.get_logger(__name__)

NEEDS_TERMINAL = "vibetui needs a terminal: use ssh -t, and name no command."
CRASHED = "The app stopped unexpectedly; your session is still running. Reconnect to continue."
SHUTTING_DOWN = "The server is shutting down; your sessions keep running."
_NOT_STARTED = "The app can't be started right now. Reconnect in a moment."

_WRITE_HIGH, _WRITE_LOW = 256 * 1024, 64 * 1024
"""Bytes that wait in the channel for the client before the app has to wait."""
_HANGUP_DEADLINE = 5.0


class _End(Enum):
    BYE = auto()
    VANISHED = auto()
    """The UI process ended without a word."""
    CLIENT_LEFT = auto()
    ABANDONED = auto()
    """The server shuts down and the UI process doesn't answer."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    end: _End
    reason: Reason = Reason.CRASHED
    sentence: str = ""

    @property
    def has_more_to_say(self) -> bool:
        """Output of the UI process that the client should still get."""
        return self.end is not _End.ABANDONED and self.reason is not Reason.TAKEN_OVER

    @property
    def crashed(self) -> bool:
        return self.end is _End.VANISHED or (self.end is _End.BYE and self.reason is Reason.CRASHED)


@dataclass(frozen=True, slots=True)
class Services:
    """What sessions share."""

    core: FrontCore
    launcher: Launcher
    background: Background


class AppSession(asyncssh.SSHServerSession[bytes]):
    """From the client's shell request to the exit status.

    Whatever happens to the UI process, the client's terminal is left as it was found.
    """

    def __init__(self, services: Services, login: Login) -> None:
        self._services = services
        self._login = login
        self._channel: asyncssh.SSHServerChannel[bytes]
        self._term: str | None = None
        self._size = sane_size(0, 0)
        self._has_command = False
        self._screen = ScreenState()
        self._splice: Splice | None = None
        self._control: ControlChannel | None = None
        self._control_ended = asyncio.Event()
        self._outcome: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._full: set[str] = set()
        self._rebinding = False
        self.finished = asyncio.Event()

    # What the client asks for

    @override
    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan
        chan.set_write_buffer_limits(_WRITE_HIGH, _WRITE_LOW)

    @override
    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        self._term = term_type
        self._size = sane_size(*term_size[:2])
        return True

    @override
    def shell_requested(self) -> bool:
        return True

    @override
    def exec_requested(self, command: str) -> bool:
        self._has_command = True
        return True

    @override
    def session_started(self) -> None:
        if self._term is None or self._has_command:
            self._channel.write_stderr(f"{NEEDS_TERMINAL}\r\n".encode())
            self._channel.exit(1)
            self.finished.set()
            return
        self._services.background(self._run(self._term))

    @override
    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self._splice is not None:
            self._splice.feed(data)

    @override
    def eof_received(self) -> bool:
        # A client whose input ended may still watch: only closing the channel ends the app.
        return True

    @override
    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        self._size = sane_size(width, height)
        if self._splice is not None and self._splice.master is not None:
            set_size(self._splice.master, *self._size)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(_Outcome(_End.CLIENT_LEFT))
        if self._splice is not None:
            self._splice.close()

    # Back-pressure

    @override
    def pause_writing(self) -> None:
        self.hold("channel")

    @override
    def resume_writing(self) -> None:
        self.release("channel")

    def hold(self, what: str) -> None:
        """Take no more output from the app until `release` of the same."""
        self._full.add(what)
        if self._splice is not None:
            self._splice.pause_output()

    def release(self, what: str) -> None:
        """The inverse of `hold`."""
        self._full.discard(what)
        if self._splice is not None and not self._full:
            self._splice.resume_output()

    # The UI process

    async def _run(self, term: str) -> None:
        outcome: _Outcome | None = None
        failure = _NOT_STARTED
        try:
            await self._launch(client_environment(term, self._channel.get_environment()))
            outcome = await self._outcome
            if outcome.end is _End.CLIENT_LEFT:
                await self._hang_up()
            elif outcome.has_more_to_say and self._splice is not None:
                await self._splice.drain()
        except VibeError as error:
            log.warning("ui.not_started", user_id=self._login.user.user_id, message=error.message)
            failure = f"{error.message} {error.hint}".strip()
        except OSError:
            log.exception("ui.not_started", user_id=self._login.user.user_id)
        finally:
            self._take_leave(outcome, failure)
        if outcome is not None and outcome.crashed:
            await self._report_crash()

    async def _launch(self, env: Mapping[str, str]) -> None:
        master, slave = open_pty(*self._size)
        self._splice = Splice(master, self._channel, self._screen)
        if self._full:
            self._splice.pause_output()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ControlChannel(ours, self._on_message, self._on_control_end)
        try:
            door = await self._services.core.open_door(self._login.user.user_id)
            try:
                await self._services.launcher.launch(
                    slave, theirs.fileno(), door, env, self._login.address
                )
            finally:
                os.close(door)
        finally:
            os.close(slave)
            theirs.close()

    def _end(self, outcome: _Outcome) -> None:
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def _on_control_end(self) -> None:
        self._control_ended.set()
        self._end(_Outcome(_End.VANISHED))

    def _on_message(self, message: Message) -> None:
        if message.kind is Kind.BYPASS and self._splice is not None and message.descriptors:
            self._splice.take_bypass(message.descriptors[0])
            return
        message.close()
        if message.kind is Kind.BYE:
            try:
                reason = Reason(str(message.body.get("reason")))
            except ValueError:
                reason = Reason.CRASHED
            self._end(_Outcome(_End.BYE, reason, str(message.body.get("sentence") or "")))
        elif message.kind is Kind.REBIND and not self._rebinding:
            self._rebinding = True
            self._services.background(self._rebind())

    async def _rebind(self) -> None:
        try:
            door = await self._services.core.open_door(self._login.user.user_id)
        except VibeError as error:
            if self._control is not None:
                self._control.send(Kind.FAILED, error=error.to_json())
        else:
            try:
                if self._control is not None:
                    self._control.send(Kind.DOOR, [door])
            finally:
                os.close(door)
        finally:
            self._rebinding = False

    async def _hang_up(self) -> None:
        if self._splice is not None:
            self._splice.close()
        try:
            async with asyncio.timeout(_HANGUP_DEADLINE):
                await self._control_ended.wait()
        except TimeoutError:
            log.error("ui.survived_hangup", user_id=self._login.user.user_id)

    # The end

    def ask_to_leave(self) -> None:
        """The server shuts down: the UI process restores the screen and ends."""
        if self._control is None or not self._control.send(Kind.SHUTDOWN):
            self.abandon()

    def abandon(self) -> None:
        """The UI process took too long: end without it."""
        self._end(_Outcome(_End.ABANDONED))

    def _take_leave(self, outcome: _Outcome | None, failure: str) -> None:
        if self._control is not None:
            self._control.close()
        if self._splice is not None:
            self._splice.close()
        sentence, status = _last_words(outcome, failure)
        # OSError: the client has gone, and there is nobody to tell.
        with suppress(OSError):
            self._channel.write(self._screen.restore())
            if sentence:
                self._channel.write(f"\r{_printable(sentence)}\r\n".encode())
            self._channel.exit(status)
        self.finished.set()

    async def _report_crash(self) -> None:
        user_id = self._login.user.user_id
        log.error(EventCode.UI_CRASHED, user_id=user_id, address=self._login.address)
        await self._services.core.audit(
            EventCode.UI_CRASHED, user_id=user_id, address=self._login.address
        )


def _last_words(outcome: _Outcome | None, failure: str) -> tuple[str, int]:
    if outcome is None:
        return failure, 1
    if outcome.crashed:
        return CRASHED, 1
    if outcome.end is _End.ABANDONED:
        return SHUTTING_DOWN, 1
    return outcome.sentence, 1 if outcome.reason is Reason.SHUTDOWN else 0


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
