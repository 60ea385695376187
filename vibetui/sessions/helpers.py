"""Helper containers: short-lived ones of our own image that have the workspace of a session.

They serve its files while the session doesn't run, or where its image lacks the programs for that.
Their agent ends by itself once nobody has been connected for a while, and the engine then removes
them: a core that is killed leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from weakref import WeakValueDictionary

from vibetui.agent import AgentConnection
from vibetui.engines import ContainerSpec
from vibetui.errors import AgentError, Conflict, NotFound
from vibetui.model import LABEL_HELPER, LABEL_INSTANCE, Session, container_name, volume_name
from vibetui.naming import hostname
from vibetui.sessions import problems
from vibetui.sessions.carrier import AGENT, SOCKET
from vibetui.sessions.handshake import Vanished, prove_ready
from vibetui.sessions.ownership import labels_of
from vibetui.sessions.tools import Tools

ATTEMPTS = 4
"""How often a helper may go while we are on our way to it: the last one may just be ending."""

GREETING = 5.0
"""Seconds for the agent of a helper that runs."""

IDLE_MS = 10_000
"""Without a connection, after which a helper ends."""

_MEMORY, _CPUS, _PIDS = 256 << 20, 1.0, 64


class Helpers:
    """The helpers of one core, at most one a session."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def attach(self, session_id: str) -> AgentConnection:
        """A connection to the agent of the session's helper, which is started if need be.

        Raises `NotFound`, `OpenError`, `EngineError`.
        """
        async with self._lock(session_id):
            session = await self._tools.need(session_id)
            for _ in range(ATTEMPTS):
                with suppress(AgentError):
                    return await self._greet(session)
                with suppress(Vanished):
                    await self._start(session)
            raise problems.keeps_vanishing()

    async def attach_running(self, session_id: str) -> AgentConnection:
        """The same, where there is one. Raises `NotFound`, `OpenError`."""
        try:
            return await self._greet(await self._tools.need(session_id))
        except AgentError as error:
            raise problems.not_running() from error

    @asynccontextmanager
    async def none_of(self, session_id: str) -> AsyncIterator[None]:
        """Remove what has the session's workspace; nothing gets it until the end of the block."""
        async with self._lock(session_id):
            labels = {LABEL_INSTANCE: self._tools.instance, LABEL_HELPER: session_id}
            for state in await self._tools.engine.find(labels):
                await self._tools.engine.remove_container(state.container_id)
            self._tools.carrier(place(session_id)).remove()
            yield

    async def sweep(self) -> None:
        """Remove helpers that were never started: a core was killed then. Others end themselves."""
        ours = {LABEL_INSTANCE: self._tools.instance, LABEL_HELPER: ""}
        for found in await self._tools.engine.find(ours):
            async with self._lock(found.labels[LABEL_HELPER]):
                state = await self._tools.engine.inspect(found.container_id)
                if state is not None and state.status == "created":
                    await self._tools.engine.remove_container(state.container_id)

    @asynccontextmanager
    async def exists(self, session_id: str) -> AsyncIterator[Session]:
        """The row, which isn't deleted before the end of the block. Raises `NotFound`."""
        async with self._lock(session_id):
            yield await self._tools.need(session_id)

    def _lock(self, session_id: str) -> asyncio.Lock:
        """Held while something gets the session's workspace, and while that is deleted."""
        lock = self._locks.get(session_id)
        if lock is None:
            lock = self._locks[session_id] = asyncio.Lock()
        return lock

    async def _greet(self, session: Session) -> AgentConnection:
        carrier = self._tools.carrier(place(session.session_id))
        return await carrier.greet(helper_name(session), GREETING)

    async def _start(self, session: Session) -> None:
        """Raises `Vanished` where it is worth another try."""
        await self._remove_the_last(session)
        spec = helper_spec(self._tools, session)
        await ensure_image(self._tools, spec.image)
        await start_helper(self._tools, spec, place(session.session_id))

    async def _remove_the_last(self, session: Session) -> None:
        engine, name = self._tools.engine, helper_name(session)
        state = await engine.inspect(name)
        if state is None:
            return
        ours = labels_of_helper(self._tools, session).items()
        if not ours <= state.labels.items():
            raise problems.strangers_container(name)
        await engine.remove_container(state.container_id)


def place(session_id: str, purpose: str = "files") -> str:
    """Names the directory of the helper's socket, as a session's id does its own."""
    return f"{session_id}-{purpose}"


def helper_name(session: Session, purpose: str = "files") -> str:
    """The container's name."""
    return f"{container_name(session.user_id, session.session_id)}-{purpose}"


def labels_of_helper(tools: Tools, session: Session) -> dict[str, str]:
    """Not a session's: reconciliation has to leave it."""
    return {LABEL_INSTANCE: tools.instance, LABEL_HELPER: session.session_id}


def helper_spec(tools: Tools, session: Session) -> ContainerSpec:
    """A container with the session's workspace, and an agent that ends when it is idle."""
    serve = (AGENT, "serve", "--socket", SOCKET, "--workspace", "/workspace")
    carrier = tools.carrier(place(session.session_id))
    return ContainerSpec(
        name=helper_name(session),
        image=tools.settings.image_of_helpers,
        command=(*serve, "--uid", "1000", "--gid", "1000", "--idle", str(IDLE_MS)),
        labels=labels_of_helper(tools, session),
        volume=volume_name(session.user_id, session.session_id),
        volume_labels=labels_of(session, tools.instance),
        hostname=hostname(session.name),
        memory_bytes=_MEMORY,
        cpus=_CPUS,
        pids=_PIDS,
        binds=carrier.binds,
        copies=carrier.copies,
        network=False,
        passing=True,
    )


async def ensure_image(tools: Tools, image: str) -> None:
    """Pull it if it isn't there. Raises `ImageUnavailable`, `EngineError`."""
    if await tools.engine.image_present(image):
        return
    async with aclosing(tools.engine.pull_image(image)) as pull:
        async for _ in pull:
            pass


async def start_helper(tools: Tools, spec: ContainerSpec, where: str) -> None:
    """Create it, start it, and have its agent's greeting.

    Raises `Vanished` where another process came first or it was removed, `OpenError`,
    `EngineError`.
    """
    tools.carrier(where).prepare()
    try:
        container_id = await tools.engine.create_container(spec)
        try:
            await tools.engine.start_container(container_id)
            await prove_ready(tools, where, container_id)
        except BaseException:
            await tools.engine.remove_container(container_id)
            raise
    except (Conflict, NotFound) as error:
        raise Vanished from error
