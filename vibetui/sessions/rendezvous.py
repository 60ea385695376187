"""Where the agent of a session and the core meet: a directory of ours, mounted in the container.

Whatever is in it may have been put there from inside, so nothing in it is followed or believed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import struct
from pathlib import Path

from vibetui.agent import AgentConnection, AgentOutdated
from vibetui.errors import AgentError
from vibetui.sessions.watch import DirectoryWatch

SOCKET_NAME = "agent.sock"
CONTAINER_DIR = "/run/vibetui"
"""Where the container sees the directory."""

_CONNECT_TIMEOUT = 5.0
"""Seconds for a full backlog to get room."""


class Rendezvous:
    """One session's directory.

    Args:
        run_dir: The parent of all of them.
        session_id: Names the directory.
        watch: Tells when the agent's socket appears.
    """

    def __init__(self, run_dir: Path, session_id: str, watch: DirectoryWatch) -> None:
        self.directory = run_dir.absolute() / session_id
        self._watch = watch

    @property
    def exists(self) -> bool:
        return self.directory.is_dir()

    def prepare(self) -> None:
        """Make the directory, for the core alone (0700)."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.chmod(0o700)

    def remove(self) -> None:
        """Remove it with all that is in it, as far as we may; links in it are not followed."""
        shutil.rmtree(self.directory, ignore_errors=True)

    async def greet(self, timeout: float) -> AgentConnection:
        """Connect and have HELLO within `timeout` seconds. Raises `AgentError`."""
        sock = await self._connect()
        return await AgentConnection.greet(sock, deadline=timeout)

    async def await_greeting(self, timeout: float) -> AgentConnection:
        """Like `greet`, but wait for the socket as long.

        A socket left from a previous run refuses connections; the agent renames its new one over
        it, and that is an appearance too. So nothing has to be unlinked before the start, which
        could hit the socket of an agent that another process has just started.

        Raises:
            TimeoutError: nobody said HELLO in time.
            AgentOutdated: somebody did, of another version.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        async with asyncio.timeout_at(end):
            with self._watch.appearances(self.directory) as appeared:
                while True:
                    appeared.clear()
                    try:
                        return await self.greet(end - loop.time())
                    except AgentOutdated:
                        raise
                    except AgentError:
                        await appeared.wait()

    async def _connect(self) -> socket.socket:
        try:
            directory = os.open(self.directory, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                name = os.open(SOCKET_NAME, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise AgentError("The container's agent is not there.") from error
        try:
            if not stat.S_ISSOCK(os.fstat(name).st_mode):
                raise AgentError("The container has put something else in its socket's place.")
            # By descriptor: the thing that was looked at is the thing that is connected to.
            return await _connect_to(f"/proc/self/fd/{name}")
        finally:
            os.close(name)


async def _connect_to(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        try:
            sock.connect(path)
        except BlockingIOError:
            await asyncio.to_thread(_connect_patiently, sock, path)
        return sock
    except OSError as error:
        sock.close()
        raise AgentError("The container's agent does not answer.") from error
    except BaseException:
        sock.close()
        raise


def _connect_patiently(sock: socket.socket, path: str) -> None:
    """Wait for room in the listener's backlog, which a Unix socket can do only by blocking."""
    sock.setblocking(True)
    seconds = struct.pack("@ll", int(_CONNECT_TIMEOUT), 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
    sock.connect(path)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 0))
    sock.setblocking(False)
