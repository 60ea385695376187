"""A session channel with a terminal: one UI process on a pseudo-terminal of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

import structlog
from typing_extensions import override

from sshd.channels.work import SHUTTING_DOWN, Channel, Work
from sshd.control import ControlChannel, Kind, Message, Reason
from sshd.environment import AGENT_PLACE, client_environment
from sshd.route import Request, ToApp
from sshd.splice import Splice
from sshd.tty import open_pty, set_size
from sshd.visit import Visit
from vibetui.errors import VibeError
from vibetui.events import EventCode
from vibetui.inert import printable
from vibetui.terminals.screen_state import ScreenState

log = structlog.get_logger(__name__)

CRASHED = "The app stopped unexpectedly; your session is still running. Reconnect to continue."
_NOT_STARTED = "The app can't be started right now. Reconnect in a moment."

_HANGUP_DEADLINE = 5.0


class _End(Enum):
    BYE = auto()
    VANISHED = auto()
    """The UI process ended without a word."""
    CLIENT_LEFT = auto()
    ABANDONED = auto()
    """It is ended without the UI process."""


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


class AppWork(Work):
    """From the client's shell request to the exit status.

    Whatever happens to the UI process, the client's terminal is left as it was found.
    """

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToApp) -> None:
        super().__init__(visit, request, channel)
        self._target = target
        self._services = visit.services
        self._login = visit.login
        self._size = request.size
        self._screen = ScreenState()
        self._splice: Splice | None = None
        self._control: ControlChannel | None = None
        self._control_ended = asyncio.Event()
        self._outcome: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._rebinding = False

    # What the client does

    @override
    def start(self) -> None:
        self._services.background(self._run(self.request.term or ""))

    @override
    def feed(self, data: bytes) -> None:
        if self._splice is not None:
            self._splice.feed(data)

    @override
    def resized(self, columns: int, rows: int) -> None:
        self._size = (columns, rows)
        if self._splice is not None and self._splice.master is not None:
            set_size(self._splice.master, *self._size)

    @override
    def client_left(self) -> None:
        self._end(_Outcome(_End.CLIENT_LEFT))
        if self._splice is not None:
            self._splice.close()

    @override
    def pause(self) -> None:
        super().pause()
        if self._splice is not None:
            self._splice.pause_output()

    @override
    def resume(self) -> None:
        super().resume()
        if self._splice is not None:
            self._splice.resume_output()

    # The UI process

    async def _run(self, term: str) -> None:
        outcome: _Outcome | None = None
        failure = _NOT_STARTED
        try:
            await self._launch(self._environment(term))
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

    def _environment(self, term: str) -> dict[str, str]:
        taken = client_environment(term, self.request.environment)
        if self.visit.agent is not None and self.visit.agent.place is not None:
            taken[AGENT_PLACE] = self.visit.agent.place
        return taken

    async def _launch(self, env: Mapping[str, str]) -> None:
        master, slave = open_pty(*self._size)
        self._splice = Splice(master, self.channel, self._screen)
        if self.paused:
            self._splice.pause_output()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ControlChannel(ours, self._on_message, self._on_control_end)
        try:
            session_id = await self._first_session()
            door = await self._services.core.open_door(self._login.user.user_id)
            try:
                await self._services.launcher.launch(
                    slave, theirs.fileno(), door, env, self._login.address, session_id
                )
            finally:
                os.close(door)
        finally:
            os.close(slave)
            theirs.close()

    async def _first_session(self) -> str | None:
        if self._target.session is None:
            return None
        return (await self.visit.session(self._target.session)).session_id

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
        elif message.kind is Kind.AGENT and self.visit.agent is not None:
            self._services.background(self.visit.agent.lend(str(message.body.get("session_id"))))
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

    @override
    def ask_to_leave(self) -> None:
        """The server shuts down: the UI process restores the screen and ends."""
        if self._control is None or not self._control.send(Kind.SHUTDOWN):
            self.abandon()

    @override
    def abandon(self, why: str = SHUTTING_DOWN) -> None:
        """End without the UI process: it took too long, or there is no time for it."""
        self._end(_Outcome(_End.ABANDONED, sentence=why))

    def _take_leave(self, outcome: _Outcome | None, failure: str) -> None:
        if self._control is not None:
            self._control.close()
        if self._splice is not None:
            self._splice.close()
        sentence, status = _last_words(outcome, failure)
        # OSError: the client has gone, and there is nobody to tell.
        with suppress(OSError):
            self.channel.write(self._screen.restore())
            if sentence:
                self.channel.write(f"\r{printable(sentence)}\r\n".encode())
            self.channel.exit(status)
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
        return outcome.sentence, 1
    return outcome.sentence, 1 if outcome.reason is Reason.SHUTDOWN else 0
