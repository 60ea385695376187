"""asyncssh's connection, with logins of several steps."""

from __future__ import annotations

from collections.abc import Mapping

import asyncssh
from asyncssh.packet import SSHPacket, String
from typing_extensions import override

_USERAUTH = b"ssh-userauth"
_TIME_FOR_PEOPLE = 120.0
"""As sshd's LoginGraceTime: a code has to be fetched from a letter or a telephone."""


class Steps(asyncssh.SSHServer):
    """What a `SteppedConnection` asks of its owner."""

    async def check_key(self, blob: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the key or certificate `blob` will do.

        Args:
            message: What the signature has to be of; empty where the client only asks whether it
                is worth its while to sign.
        """
        raise NotImplementedError

    async def advance(self) -> None:
        """A method has succeeded: let the client in, or tell it what is still missing."""
        raise NotImplementedError


class SteppedConnection(asyncssh.SSHServerConnection):
    """A client isn't in as soon as one method has succeeded; its `Steps` say when.

    From the end of `validate_…` to `send_userauth_success` asyncssh gives way to no other request.
    """

    login_time: float | None = None
    """Seconds after which the client is given up; None: `login_timeout`."""

    def wait_for_people(self) -> None:
        """Once a key is proved, somebody may have to type: begin to count anew, once."""
        if self.login_time is None and self._login_timer is not None:
            self.login_time = max(_TIME_FOR_PEOPLE, self._options.login_timeout)
            self._login_timer.cancel()
            self._login_timer = self._loop.call_later(self.login_time, self._login_timer_callback)

    @override
    async def validate_public_key(
        self, username: str, key_data: bytes, msg: bytes, signature: bytes
    ) -> bool:
        """asyncssh's own hasn't the certificate at hand for its owner, and takes SHA-1."""
        message = String(self._session_id) + msg if msg else b""
        steps = self._owner
        return isinstance(steps, Steps) and await steps.check_key(key_data, message, signature)

    @override
    async def send_userauth_success(self) -> None:
        if isinstance(self._owner, Steps):
            await self._owner.advance()

    async def let_in(self, certificate_options: Mapping[str, object] | None) -> None:
        """The login is complete.

        Args:
            certificate_options: To which asyncssh then holds the connection. What a request said
                of its certificate is forgotten with the next request.
        """
        self._cert_options = None if certificate_options is None else dict(certificate_options)
        await super().send_userauth_success()

    def _process_service_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        """paramiko's client asks for the service anew with each key and each method."""
        super()._process_service_request(pkttype, pktid, packet)
        if not self._auth_complete:
            self._next_service = _USERAUTH

    _packet_handlers = asyncssh.SSHServerConnection._packet_handlers | {
        asyncssh.constants.MSG_SERVICE_REQUEST: _process_service_request,
    }
