"""The front: faces the network, speaks SSH, and joins each client to a UI process."""

from __future__ import annotations

import asyncio
import encodings.idna
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncssh
import structlog
from asyncssh.kex import get_kex_algs

from sshd.accept import Acceptor
from sshd.auth import FrontCore
from sshd.bounds import BoundedConnection
from sshd.connection import Connection
from sshd.endings import LOGIN_ENDED, heeding_endings
from sshd.gate import Gate, Ticket
from sshd.host_key_rotation import next_keys
from sshd.host_keys import HostKey, ensure_host_keys
from sshd.keepalive import Patience
from sshd.launcher import Launcher
from sshd.privileges import drop_root
from sshd.reconnects import Reconnects
from sshd.start import Starter
from sshd.visit import Services
from vibetui import __version__
from vibetui.core.front_client import FrontClient
from vibetui.errors import VibeError
from vibetui.events import EventCode
from vibetui.settings import Settings

log = structlog.get_logger(__name__)

# `getaddrinfo` looks this codec up by name; once root is gone its file may be out of reach.
_LOOKED_UP_LATER = (encodings.idna,)

_NEVER = sys.maxsize
"""asyncssh asks silent clients; when one is given up is `Vigil`'s to say."""
_LEAVE_DEADLINE = 3.0
_CLOSE_DEADLINE = 2.0
_BACKLOG = 256
_VERSION = f"vibetui_{__version__}"

# Where a client lets the server choose; else its own first choice wins (RFC 4253 section 7.1),
# which is ChaCha20 for OpenSSH's. All of them are faster than what there is to encrypt.
_CIPHERS = [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
]
_HOST_KEY_SIGNATURES = (b"ssh-ed25519", b"rsa-sha2-512", b"rsa-sha2-256")
_KEX = [
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group16-sha512",
]
_MACS = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"]
"""For the CTR ciphers; the others bring their own. Encrypt-then-MAC alone: ssh-audit warns of the
rest."""
_WITHOUT_OLD_SIGNATURES = "-ssh-rsa,*@ssh.com,ecdsa-sha2-1.3*"


async def run_front(
    settings: Settings,
    *,
    core_door: int,
    zygote: socket.socket,
    ready: Callable[[int], None],
    core: FrontCore | None = None,
) -> None:
    """Serve SSH until SIGTERM or SIGINT, or until cancelled; clients are told either way.

    Gives root up between binding the port and accepting the first connection.

    Args:
        settings: Where to listen, and where the host keys are.
        core_door: Descriptor of the front's door to the core.
        zygote: This end of the SEQPACKET socket to the zygote; closed at the end.
        ready: Called with the port once clients can connect.
        core: Stands in for the core behind `core_door` in tests.

    Raises:
        VibeError: the host keys or the port can't be had, or the zygote is gone.
    """
    # The order matters: the first key of an algorithm is used, the others are announced.
    keys = ensure_host_keys(settings.host_keys_path) + next_keys(settings.host_keys_path)
    sock = _bind(settings.listen_host, settings.listen_port)
    _raise_descriptor_limit()
    drop_root(settings.unprivileged_user)
    client = FrontClient(core_door) if core is None else None
    launcher = Launcher(zygote)
    try:
        async with asyncio.TaskGroup() as tasks:
            asked: FrontCore = client or core  # type: ignore[assignment]
            front = _Front(asked, launcher, tasks, settings)
            async with (
                front.listening(sock, keys),
                heeding_endings(asked, front.end_logins),
                _stop_signals() as stopping,
            ):
                ready(sock.getsockname()[1])
                await _until(stopping, launcher)
    except BaseExceptionGroup as group:
        # A task group wraps what its body raises; ours has one body and guarded tasks.
        raise group.exceptions[0] from None
    finally:
        launcher.close()
        if client is not None:
            await client.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        if host:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, address = found[0][0], (str(found[0][4][0]), port)
            return socket.create_server(address, family=family, backlog=_BACKLOG)
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
            )
        return socket.create_server(("", port), backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise VibeError(
            f"Can't listen on {host or 'every interface'}, port {port}: {reason}.",
            "Set another one: listen_port in vibetui.toml or VIBETUI_LISTEN_PORT.",
        ) from error


def _raise_descriptor_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # OSError, ValueError: "unlimited", which the kernel may not give for this one.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def _stop_signals() -> AsyncIterator[asyncio.Event]:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _until(stopping: asyncio.Event, launcher: Launcher) -> None:
    waits = [asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(launcher.wait_gone())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    if not stopping.is_set():
        raise VibeError("The zygote process is gone.", "The log has the cause.")


class _Front:
    """The open connections and their tasks."""

    def __init__(
        self, core: FrontCore, launcher: Launcher, tasks: asyncio.TaskGroup, settings: Settings
    ) -> None:
        self._tasks = tasks
        self.settings = settings
        self.patience = Patience(settings.client_alive_interval, settings.client_alive_count_max)
        reconnects = Reconnects(settings.reconnect_window)
        starter = Starter(settings, reconnects)
        self.services = Services(core, launcher, self.background, settings, starter, reconnects)
        self.gate = Gate(settings, self._banned)
        self.connections: set[Connection] = set()

    def end_logins(self, user_id: str) -> None:
        """Hang up on a user who can't log in any more."""
        for connection in self.connections:
            if connection.login is not None and connection.login.user.user_id == user_id:
                connection.end_login(LOGIN_ENDED)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in the front's task group; a failure is logged and stays its own."""
        self._tasks.create_task(_guarded(work))

    @asynccontextmanager
    async def listening(self, sock: socket.socket, keys: list[HostKey]) -> AsyncIterator[None]:
        options = await self._options(keys)

        async def admit(accepted: socket.socket, ticket: Ticket) -> None:
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(
                lambda: BoundedConnection(loop, options, Connection(self, ticket), ticket), accepted
            )

        acceptor = Acceptor(sock, self.gate, admit, self.background, _VERSION)
        self.gate.on_leave = acceptor.room
        try:
            yield
        finally:
            acceptor.close()
            await self._shut_down()

    async def _options(self, keys: list[HostKey]) -> asyncssh.SSHServerConnectionOptions:
        options: asyncssh.SSHServerConnectionOptions
        options = await asyncssh.SSHServerConnectionOptions.construct(
            config=None,
            server_factory=asyncssh.SSHServer,  # Each connection is given its own.
            server_host_keys=_without_sha1(keys),
            server_version=_VERSION,
            encoding=None,
            line_editor=False,
            login_timeout=self.settings.login_timeout,
            keepalive_interval=self.patience.interval,
            keepalive_count_max=_NEVER,
            tcp_keepalive=True,
            host_based_auth=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            compression_algs=None,
            encryption_algs=_CIPHERS,
            kex_algs=_supported_kex(),
            mac_algs=_MACS,
            send_server_host_keys=True,
            signature_algs=_WITHOUT_OLD_SIGNATURES,
        )
        return options

    def _banned(self, address: str, seconds: float) -> None:
        log.warning(EventCode.ADDRESS_BANNED, address=address, seconds=seconds)
        self.background(
            self.services.core.audit(
                EventCode.ADDRESS_BANNED, address=address, detail={"seconds": seconds}
            )
        )

    async def _shut_down(self) -> None:
        sessions = [session for each in self.connections for session in each.sessions]
        for session in sessions:
            session.ask_to_leave()
        await _all_within(_LEAVE_DEADLINE, [session.finished.wait() for session in sessions])
        for session in sessions:
            session.abandon()
        connections = list(self.connections)
        await _all_within(_CLOSE_DEADLINE, [session.finished.wait() for session in sessions])
        # A client closes the connection itself once it has its exit status.
        ending = [each.closed.wait() for each in connections if each.sessions]
        await _all_within(_CLOSE_DEADLINE, ending)
        for connection in connections:
            connection.close()
        await _all_within(_CLOSE_DEADLINE, [each.closed.wait() for each in connections])


def _supported_kex() -> list[str]:
    """`_KEX` as far as this machine's libraries go: the post-quantum ones need a recent OpenSSL."""
    known = {name.decode() for name in get_kex_algs()}
    return [name for name in _KEX if name in known]


def _without_sha1(keys: list[HostKey]) -> list[asyncssh.SSHKeyPair]:
    pairs = list(asyncssh.load_keypairs([key.key for key in keys]))
    for pair in pairs:
        known = pair.host_key_algorithms
        pair.host_key_algorithms = [name for name in known if name in _HOST_KEY_SIGNATURES]
        # What it proves itself with to a client that asks, where the handshake hasn't chosen.
        pair.set_sig_algorithm(pair.host_key_algorithms[0])
    return pairs


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except VibeError as error:
        log.warning("front.task_failed", message=error.message)
    except Exception:
        log.exception("front.task_failed")


async def _all_within(deadline: float, waits: list[Coroutine[Any, Any, Any]]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=deadline)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
