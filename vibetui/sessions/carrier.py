"""How the core gets to the agent of a session: by a mounted socket, or through the engine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from vibetui.agent import AgentConnection, AgentOutdated, binary_path
from vibetui.engines import BindMount, Copy, Engine
from vibetui.errors import AgentError, EngineError, EngineUnavailable, NotFound
from vibetui.sessions.rendezvous import CONTAINER_DIR, SOCKET_NAME, Rendezvous
from vibetui.settings import AgentCarrier

AGENT = "/usr/local/lib/vibetui/vibe-agent"
"""Where the container has the agent."""

SOCKET = f"{CONTAINER_DIR}/{SOCKET_NAME}"


class Carrier(Protocol):
    """The way to one session's agent."""

    @property
    def exists(self) -> bool:
        """Whether a container that runs already can be reached at all."""
        ...

    @property
    def binds(self) -> tuple[BindMount, ...]: ...

    @property
    def copies(self) -> tuple[Copy, ...]: ...

    def prepare(self) -> None:
        """Before the container is made or started."""
        ...

    def remove(self) -> None:
        """After the container was removed."""
        ...

    async def greet(self, container_id: str, timeout: float) -> AgentConnection:
        """Connect and have HELLO within `timeout` seconds.

        Raises `AgentError`, `EngineUnavailable`.
        """
        ...

    async def await_greeting(self, container_id: str, timeout: float) -> AgentConnection:
        """Like `greet`, but wait for the agent as long.

        Raises:
            TimeoutError: Nobody said HELLO in time.
            AgentOutdated: Somebody did, of another version.
            EngineUnavailable: The engine has gone away.
        """
        ...


@dataclass(frozen=True, slots=True)
class SocketCarrier:
    """The agent's socket is in a directory of ours that is mounted in the container."""

    rendezvous: Rendezvous

    @property
    def exists(self) -> bool:
        return self.rendezvous.exists

    @property
    def binds(self) -> tuple[BindMount, ...]:
        return (
            BindMount(binary_path(), AGENT, read_only=True),
            BindMount(self.rendezvous.directory, CONTAINER_DIR),
        )

    @property
    def copies(self) -> tuple[Copy, ...]:
        return ()

    def prepare(self) -> None:
        self.rendezvous.prepare()

    def remove(self) -> None:
        self.rendezvous.remove()

    async def greet(self, container_id: str, timeout: float) -> AgentConnection:  # noqa: ARG002
        return await self.rendezvous.greet(timeout)

    async def await_greeting(
        self,
        container_id: str,  # noqa: ARG002
        timeout: float,
    ) -> AgentConnection:
        return await self.rendezvous.await_greeting(timeout)


@dataclass(frozen=True, slots=True)
class RelayCarrier:
    """The engine runs ``vibe-agent attach`` in the container, which waits for the agent itself.

    Nothing is mounted but the workspace: the agent is copied into the container.
    """

    engine: Engine
    rendezvous: Rendezvous
    """Only to remove what another carrier has left."""

    @property
    def exists(self) -> bool:
        return True

    @property
    def binds(self) -> tuple[BindMount, ...]:
        return ()

    @property
    def copies(self) -> tuple[Copy, ...]:
        # The directory as well: a relay that comes before the agent watches it.
        return (Copy(binary_path(), AGENT, 0o755), Copy(None, CONTAINER_DIR, 0o700))

    def prepare(self) -> None:
        """Nothing on this machine."""

    def remove(self) -> None:
        self.rendezvous.remove()

    async def greet(self, container_id: str, timeout: float) -> AgentConnection:
        argv = (AGENT, "attach", "--socket", SOCKET, "--wait", str(max(0, round(timeout * 1000))))
        try:
            sock = await self.engine.relay(container_id, argv)
        except EngineUnavailable:
            raise
        except (EngineError, NotFound) as error:
            raise AgentError("The container's agent can't be reached.") from error
        return await AgentConnection.greet(sock, deadline=timeout)

    async def await_greeting(self, container_id: str, timeout: float) -> AgentConnection:
        async with asyncio.timeout(timeout):
            try:
                return await self.greet(container_id, timeout)
            except AgentOutdated:
                raise
            except AgentError:
                # The relay waits for the agent itself: the container has ended, which whoever
                # waits for us hears from the engine.
                await asyncio.Event().wait()
                raise


def relays(choice: AgentCarrier, engine: Engine) -> bool:
    """Whether agents are reached through the engine."""
    if choice is AgentCarrier.AUTO:
        return not engine.shares_files()
    return choice is AgentCarrier.RELAY
