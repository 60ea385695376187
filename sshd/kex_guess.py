"""Clients that send a first key exchange packet unasked (RFC 4253 section 7), as dropbear does."""

from __future__ import annotations

from collections.abc import Sequence

import asyncssh
from asyncssh.packet import SSHPacket

_COOKIE = 16
_FOLLOWS = -5
"""A KEXINIT ends with ``boolean first_kex_packet_follows, uint32 reserved``."""


def heed_guesses(conn: asyncssh.SSHServerConnection) -> None:
    """Have `conn` skip a packet that was sent on a wrong guess.

    asyncssh takes a guess for right if the guessed algorithm is what both agree on. By the RFC it
    is wrong as well if the server's own first choice is another one, and such a client sends the
    packet again.
    """
    choose = conn.choose_server_host_key

    def choose_server_host_key(peer_host_key_algs: Sequence[bytes]) -> bool:
        # The first of its methods that asyncssh calls once it has made up its mind.
        ours, theirs = conn._server_kexinit, conn._client_kexinit
        conn._ignore_first_kex = bool(theirs[_FOLLOWS]) and _preferred(ours) != _preferred(theirs)
        return choose(peer_host_key_algs)

    conn.choose_server_host_key = choose_server_host_key  # type: ignore[method-assign]


def _preferred(kexinit: bytes) -> tuple[bytes, bytes]:
    """The first choices for key exchange and host key."""
    packet = SSHPacket(kexinit)
    packet.get_byte()
    packet.get_bytes(_COOKIE)
    exchange, host_key = packet.get_namelist(), packet.get_namelist()
    return b"".join(exchange[:1]), b"".join(host_key[:1])
