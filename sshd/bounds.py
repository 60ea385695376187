"""asyncssh's connection, held to what one client may cost the others."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any, TypeVar

import asyncssh
from typing_extensions import override

from sshd.gate import Ticket
from sshd.logins.stepped import SteppedConnection

_Answer = TypeVar("_Answer")


class Owner(asyncssh.SSHServer):
    """What asyncssh calls, and what is called besides."""

    def hold(self, what: str) -> None:
        """Write nothing more to the client until `release` of the same."""
        raise NotImplementedError

    def release(self, what: str) -> None:
        """The inverse of `hold`."""
        raise NotImplementedError


class BoundedConnection(SteppedConnection):
    """One client's connection.

    Args:
        owner: Made for this connection alone.
        ticket: Its place, given back at its end.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        options: asyncssh.SSHServerConnectionOptions,
        owner: Owner,
        ticket: Ticket,
    ) -> None:
        super().__init__(loop, options)
        self._protocol_factory = lambda: owner
        self._bounded_owner = owner
        self._ticket = ticket
        self._answers = asyncio.Lock()
        self._late = 0.0
        """Loop time before which no login is answered."""
        self._refused_a_key = False
        ticket.turn_out = self._turn_out

    @override
    def _cleanup(self, exc: Exception | None) -> None:
        self._ticket.leave()
        super()._cleanup(exc)

    @override
    def _login_timer_callback(self) -> None:
        self._login_timer = None
        seconds = self._options.login_timeout
        self.disconnect(
            asyncssh.DISC_BY_APPLICATION, f"You didn't log in within {seconds:g} seconds."
        )

    def _turn_out(self, sentence: str) -> None:
        if self._transport:
            self.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, sentence)

    # asyncssh ignores its transport's back-pressure and trusts the client's window, which may be
    # as large as the client likes.

    @override
    def pause_writing(self) -> None:
        self._bounded_owner.hold("connection")

    @override
    def resume_writing(self) -> None:
        self._bounded_owner.release("connection")

    # Logins: what is wrong is answered late, and one after the other

    @override
    async def validate_public_key(
        self, username: str, key_data: bytes, msg: bytes, signature: bytes
    ) -> bool:
        async with self._answers:
            right = await super().validate_public_key(username, key_data, msg, signature)
            if not right and not self._refused_a_key:
                # Once: the keys of an agent are no guesses, and each would cost the delay.
                self._refused_a_key = True
                await self._answer_late()
            return right

    @override
    async def validate_password(self, username: str, password: str) -> bool:
        return await self._in_turn(super().validate_password(username, password))

    @override
    async def change_password(self, username: str, old_password: str, new_password: str) -> bool:
        return await self._in_turn(super().change_password(username, old_password, new_password))

    @override
    async def validate_kbdint_response(self, username: str, responses: Any) -> Any:
        return await self._in_turn(super().validate_kbdint_response(username, responses))

    async def _in_turn(self, answer: Awaitable[_Answer]) -> _Answer:
        async with self._answers:
            await self._wait_until_late()
            before = self._ticket.failures
            given = await answer
            if self._ticket.failures > before:
                await self._answer_late()
            return given

    async def _answer_late(self) -> None:
        self._late = self._loop.time() + self._ticket.delay
        await self._wait_until_late()

    async def _wait_until_late(self) -> None:
        """asyncssh gives an answer up, and the wait with it, for a client that asks again
        without waiting: then that has to wait."""
        if (seconds := self._late - self._loop.time()) > 0:
            await asyncio.sleep(seconds)

    def _process_userauth_request(self, pkttype: int, pktid: int, packet: Any) -> Any:
        if not self._answers.locked():
            return super()._process_userauth_request(pkttype, pktid, packet)
        return self._process_later(pkttype, pktid, packet)

    async def _process_later(self, pkttype: int, pktid: int, packet: Any) -> None:
        async with self._answers:
            await self._wait_until_late()
        result = super()._process_userauth_request(pkttype, pktid, packet)
        if inspect.isawaitable(result):
            await result

    _packet_handlers = asyncssh.SSHServerConnection._packet_handlers | {
        asyncssh.constants.MSG_USERAUTH_REQUEST: _process_userauth_request,
    }
