"""asyncssh's connection, slow to answer whoever guesses."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any, TypeVar

import asyncssh
from asyncssh.constants import MSG_USERAUTH_REQUEST
from asyncssh.packet import SSHPacket
from typing_extensions import override

from sshd.gate import Ticket
from sshd.logins.stepped import SteppedConnection

_Answer = TypeVar("_Answer")


class LateAnswers(SteppedConnection):
    """What is wrong in a login is answered late (`Ticket.delay`), and one after the other.

    Nobody else waits.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        options: asyncssh.SSHServerConnectionOptions,
        ticket: Ticket,
    ) -> None:
        super().__init__(loop, options)
        self._ticket = ticket
        self._answers = asyncio.Lock()
        self._late = 0.0
        """Loop time before which no login is answered."""
        self._refused_a_key = False

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

    def _process_userauth_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> Any:
        if not self._answers.locked():
            return super()._process_userauth_request(pkttype, pktid, packet)
        return self._process_later(pkttype, pktid, packet)

    async def _process_later(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        async with self._answers:
            await self._wait_until_late()
        result = super()._process_userauth_request(pkttype, pktid, packet)
        if inspect.isawaitable(result):
            await result

    _packet_handlers = SteppedConnection._packet_handlers | {
        MSG_USERAUTH_REQUEST: _process_userauth_request,
    }
