"""asyncssh's channels, held to what one client may have kept for it."""

from __future__ import annotations

from typing import Any

import asyncssh
from asyncssh.channel import SSHAgentChannel, SSHChannel
from asyncssh.constants import (
    EXTENDED_DATA_STDERR,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_WINDOW_ADJUST,
)
from asyncssh.packet import SSHPacket
from typing_extensions import override

_LARGEST_WINDOW = 0xFFFFFFFF
"""RFC 4254 section 5.2."""
_MOST_WAITING = 128
"""Requests on one channel that wait for the answer to the one before."""
_MOST_WAITING_BYTES = 512 * 1024
_MOST_VARIABLES = 64
_MOST_VARIABLE_BYTES = 16 * 1024
_LONGEST_COMMAND = 128 * 1024
_LONGEST_WORD = 256
"""Bytes of a terminal's or a subsystem's name."""


class _Bounded(SSHChannel[bytes]):
    """What holds for every kind of channel."""

    def _process_window_adjust(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        adjust = int.from_bytes(packet.get_remaining_payload()[:4], "big")
        if self._send_window + adjust > _LARGEST_WINDOW:
            raise asyncssh.ProtocolError("Window adjust beyond the largest window")
        super()._process_window_adjust(pkttype, pktid, packet)

    def _process_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        queue = self._request_queue
        size = sum(len(waiting.get_full_payload()) for _, waiting, _ in queue)
        if len(queue) >= _MOST_WAITING or size > _MOST_WAITING_BYTES:
            raise asyncssh.ProtocolError("Too many channel requests at a time")
        super()._process_request(pkttype, pktid, packet)

    @override
    def _accept_data(self, data: bytes, datatype: int | None = None) -> None:
        # What waits is one piece: else data that comes byte by byte would take a hundred times
        # its size, and each piece that is delivered would open the whole window again.
        super()._accept_data(data, datatype)
        if len(self._recv_buf) < 2 or self._recv_buf[-2][1] != datatype:
            return
        last, _ = self._recv_buf.pop()
        waiting: Any = self._recv_buf[-1][0]
        if not isinstance(waiting, bytearray):
            waiting = bytearray(waiting)
        waiting += last
        self._recv_buf[-1] = (waiting, datatype)

    @override
    def _deliver_data(self, data: bytes, datatype: int | None) -> None:
        super()._deliver_data(bytes(data), datatype)

    _packet_handlers = SSHChannel._packet_handlers | {
        MSG_CHANNEL_WINDOW_ADJUST: _process_window_adjust,
        MSG_CHANNEL_REQUEST: _process_request,
    }


class BoundedServerChannel(_Bounded, asyncssh.SSHServerChannel[bytes]):
    """A session channel."""

    _variable_bytes = 0

    @override
    def _process_env_request(self, packet: SSHPacket) -> bool:
        self._variable_bytes += len(packet.get_remaining_payload())
        if len(self._env) >= _MOST_VARIABLES or self._variable_bytes > _MOST_VARIABLE_BYTES:
            return False
        return super()._process_env_request(packet)

    @override
    def _process_pty_req_request(self, packet: SSHPacket) -> bool:
        return _first_length(packet) <= _LONGEST_WORD and super()._process_pty_req_request(packet)

    @override
    def _process_subsystem_request(self, packet: SSHPacket) -> bool:
        if _first_length(packet) > _LONGEST_WORD:
            return False
        return super()._process_subsystem_request(packet)

    @override
    def _process_exec_request(self, packet: SSHPacket) -> bool:
        if _first_length(packet) > _LONGEST_COMMAND:
            sentence = f"vibetui: A command may have {_LONGEST_COMMAND >> 10} KiB at most.\n"
            self.write(sentence.encode(), EXTENDED_DATA_STDERR)
            return False
        return super()._process_exec_request(packet)


class BoundedTCPChannel(_Bounded, asyncssh.SSHTCPChannel[bytes]):
    """A forwarded connection."""


class BoundedUNIXChannel(_Bounded, asyncssh.SSHUNIXChannel[bytes]):
    """A forwarded connection to a Unix socket."""


class BoundedAgentChannel(_Bounded, SSHAgentChannel):
    """A connection to a client's key agent."""


def _first_length(packet: SSHPacket) -> int:
    """The length of the string that comes next."""
    return int.from_bytes(packet.get_remaining_payload()[:4], "big")
