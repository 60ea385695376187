"""asyncssh's connection, held to what one client may cost the others."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh
from asyncssh.constants import (
    MSG_CHANNEL_OPEN,
    MSG_GLOBAL_REQUEST,
    MSG_KEXINIT,
    MSG_USERAUTH_REQUEST,
)
from asyncssh.packet import SSHPacket
from typing_extensions import override

from sshd.bounded_channels import (
    BoundedAgentChannel,
    BoundedServerChannel,
    BoundedTCPChannel,
    BoundedUNIXChannel,
)
from sshd.gate import Ticket
from sshd.late_answers import LateAnswers

_READ = 64 * 1024
"""Bytes read from one client before the others get their turn: they may be 4096 packets."""
_READ_OF_STRANGERS = 16 * 1024
_MOST_OF_STRANGERS = 256 * 1024
"""Bytes that a client may send before it has logged in; two dozen certificates are 100 KiB."""
_MOST_ATTEMPTS = 64
"""Requests to log in on one connection, of whatever method."""

_MOST_UNSENT = 1024 * 1024
"""Bytes that wait for the client before nothing more is read from it. What it asked for itself is
held back long before (`pause_writing`): these are answers to requests that it doesn't read."""
_MOST_DEFERRED = 16 * 1024 * 1024
"""Bytes that wait for the end of a key exchange."""
_COST_OF_PACKET = 256
"""Bytes that one of them takes besides what is in it."""

_MOST_REQUESTS = 128
"""Global requests that wait for the answer to the one before."""
_LARGEST_REQUEST = 16 * 1024
_SMALLEST_PACKET = 1024
"""Bytes a packet that a channel must take; with less, its data would be mostly headers."""

_WINDOW = 2 * 1024 * 1024
"""Bytes that a channel's client may send ahead, as OpenSSH's. The more windows are open, the
smaller the next one: together they stay below `_ALL_WINDOWS` and `_SMALLEST_WINDOW` for each."""
_ALL_WINDOWS = 32 * 1024 * 1024
_SMALLEST_WINDOW = 64 * 1024
_MAX_PACKET = 32 * 1024


class Owner(asyncssh.SSHServer):
    """What asyncssh calls, and what is called besides."""

    most_channels: int
    """Open at a time, of every kind."""

    def hold(self, what: str) -> None:
        """Write nothing more to the client until `release` of the same."""
        raise NotImplementedError

    def release(self, what: str) -> None:
        """The inverse of `hold`."""
        raise NotImplementedError


class BoundedConnection(LateAnswers):
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
        super().__init__(loop, options, ticket)
        self._protocol_factory = lambda: owner
        self._bounded_owner = owner
        self._socket: Any = None
        self._heard = 0
        self._attempts = 0
        self._exchanging = False
        self._deferred_bytes = 0
        ticket.turn_out = self._turn_out

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = transport
        self._socket.max_size = _READ_OF_STRANGERS
        super().connection_made(transport)

    @override
    def _cleanup(self, exc: Exception | None) -> None:
        self._ticket.leave()
        super()._cleanup(exc)

    @override
    def _login_timer_callback(self) -> None:
        self._login_timer = None
        seconds = self.login_time or self._options.login_timeout
        self.disconnect(
            asyncssh.DISC_BY_APPLICATION, f"You didn't log in in time, which is {seconds:g} s."
        )

    def _turn_out(self, sentence: str) -> None:
        if self._transport:
            self.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, sentence)

    # What comes in

    @override
    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        super().data_received(data, datatype)
        if not self._auth_complete:
            self._heard += len(data)
            if self._heard > _MOST_OF_STRANGERS and self._transport:
                self.disconnect(asyncssh.DISC_PROTOCOL_ERROR, "Too much data before the login.")
        else:
            self._socket.max_size = _READ
        self._regulate()

    def _regulate(self) -> None:
        """Read on where what came has been dealt with, and the answers to it are on their way."""
        if self._busy or self._socket.get_write_buffer_size() > _MOST_UNSENT:
            self._socket.pause_reading()
        else:
            self._socket.resume_reading()

    @property
    def _busy(self) -> bool:
        """A packet takes its time; asyncssh keeps all that comes behind it."""
        return self._recv_handler not in (
            self._recv_pkthdr,
            self._recv_packet,
            self._recv_version,
        )

    @override
    def _finish_recv_packet(
        self,
        pkttype: int,
        seq: int,
        _task: asyncio.Task[Any] | None = None,
        is_async: bool = False,
    ) -> None:
        super()._finish_recv_packet(pkttype, seq, _task, is_async)
        if is_async:
            self._regulate()

    @override
    def _recv_pkthdr(self) -> bool:
        # asyncssh would go on with what came behind the packet that ended the connection.
        return self._transport is not None and super()._recv_pkthdr()

    def _process_kexinit(self, pkttype: int, pktid: int, packet: SSHPacket) -> Any:
        if self._session_id and not self._auth_complete:
            raise asyncssh.ProtocolError("Another key exchange before the login")
        return super()._process_kexinit(pkttype, pktid, packet)

    def _process_userauth_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> Any:
        self._attempts += 1
        if self._attempts > _MOST_ATTEMPTS:
            raise asyncssh.ProtocolError("Too many attempts to log in on one connection")
        return super()._process_userauth_request(pkttype, pktid, packet)

    def _process_global_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if len(self._global_request_queue) >= _MOST_REQUESTS:
            raise asyncssh.ProtocolError("Too many global requests at a time")
        if len(packet.get_full_payload()) > _LARGEST_REQUEST:
            raise asyncssh.ProtocolError("Global request too large")
        super()._process_global_request(pkttype, pktid, packet)

    def _process_channel_open(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        offer = SSHPacket(packet.get_remaining_payload())
        offer.get_string()
        number, _, largest = offer.get_uint32(), offer.get_uint32(), offer.get_uint32()
        refusal = ""
        if len(self._channels) >= self._bounded_owner.most_channels:
            refusal = "Too many channels on one connection."
        elif 0 < largest < _SMALLEST_PACKET:
            refusal = "The client's maximum packet size is too small."
        if refusal:
            code = asyncssh.OPEN_RESOURCE_SHORTAGE
            self.send_channel_open_failure(number, code, refusal, asyncssh.DEFAULT_LANG)
        else:
            super()._process_channel_open(pkttype, pktid, packet)

    _packet_handlers = LateAnswers._packet_handlers | {
        MSG_KEXINIT: _process_kexinit,
        MSG_USERAUTH_REQUEST: _process_userauth_request,
        MSG_GLOBAL_REQUEST: _process_global_request,
        MSG_CHANNEL_OPEN: _process_channel_open,
    }

    # What goes out. asyncssh ignores its transport's back-pressure and trusts the client's
    # window, which may be as large as the client likes.

    @override
    def pause_writing(self) -> None:
        self._bounded_owner.hold("connection")

    @override
    def resume_writing(self) -> None:
        self._bounded_owner.release("connection")
        self._regulate()

    @override
    def _send_kexinit(self) -> None:
        # Until its end asyncssh keeps all that is sent.
        if self._auth_complete and not self._exchanging:
            self._exchanging = True
            self._bounded_owner.hold("key exchange")
        super()._send_kexinit()

    @override
    def _send_deferred_packets(self) -> None:
        super()._send_deferred_packets()
        if self._exchanging and self._kex_complete:
            self._exchanging = False
            self._deferred_bytes = 0
            self._bounded_owner.release("key exchange")

    @override
    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        before = len(self._deferred_packets)
        super().send_packet(pkttype, *args, handler=handler)
        if len(self._deferred_packets) > before:
            self._deferred_bytes += _COST_OF_PACKET + sum(map(len, args))
            if self._deferred_bytes > _MOST_DEFERRED:
                self._force_close(asyncssh.ProtocolError("Key exchange never finished"))

    # Channels

    def _window_of_next(self, wanted: int = _WINDOW) -> int:
        given = sum(channel.get_recv_window() for channel in self._channels.values())
        return max(_SMALLEST_WINDOW, min(wanted or _WINDOW, _WINDOW, (_ALL_WINDOWS - given) // 8))

    @override
    def create_server_channel(
        self, encoding: str | None = "", errors: str = "", window: int = 0, max_pktsize: int = 0
    ) -> BoundedServerChannel:
        del encoding, errors, max_pktsize
        return BoundedServerChannel(
            self,
            self._loop,
            self._allow_pty,
            line_editor=False,
            line_echo=False,
            line_history=0,
            max_line_length=0,
            encoding=None,
            errors="strict",
            window=self._window_of_next(window),
            max_pktsize=_MAX_PACKET,
        )

    @override
    def create_tcp_channel(
        self,
        encoding: str | None = None,
        errors: str = "strict",
        window: int = _WINDOW,
        max_pktsize: int = _MAX_PACKET,
    ) -> BoundedTCPChannel:
        return BoundedTCPChannel(
            self, self._loop, encoding, errors, self._window_of_next(window), max_pktsize
        )

    @override
    def create_unix_channel(
        self,
        encoding: str | None = None,
        errors: str = "strict",
        window: int = _WINDOW,
        max_pktsize: int = _MAX_PACKET,
    ) -> BoundedUNIXChannel:
        return BoundedUNIXChannel(
            self, self._loop, encoding, errors, self._window_of_next(window), max_pktsize
        )

    @override
    def create_agent_channel(
        self, window: int = _WINDOW, max_pktsize: int = _MAX_PACKET
    ) -> BoundedAgentChannel:
        return BoundedAgentChannel(
            self, self._loop, None, "strict", self._window_of_next(window), max_pktsize
        )
