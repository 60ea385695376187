"""From a container that is being started to the proof that it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from vibetui.agent import AgentOutdated
from vibetui.sessions import problems
from vibetui.sessions.proof import ReadyContainer
from vibetui.sessions.tools import Tools

T = TypeVar("T")


class Vanished(Exception):
    """The container was removed, or changed under our hands: look again from the start."""


@asynccontextmanager
async def owned_task(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """A task that is over when the block ends, cancelled if need be."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()


async def prove_ready(tools: Tools, session_id: str, container_id: str) -> ReadyContainer:
    """Wait until the agent of a started container greets, its command exits, or time is up.

    Raises:
        Vanished: The container was removed or restarted meanwhile.
        OpenError: It exited at once, or said nothing within `handshake_timeout`.
        EngineError: The engine can't say whether it runs.
    """
    timeout = tools.settings.handshake_timeout
    greeting = tools.carrier(session_id).await_greeting(container_id, timeout)
    async with (
        owned_task(greeting) as greeted,
        owned_task(tools.engine.wait_exit(container_id)) as exited,
    ):
        try:
            await asyncio.wait([greeted, exited], return_when=asyncio.FIRST_COMPLETED)
            if not greeted.done():
                exited.result()
                raise await _why_it_exited(tools, container_id)
            connection = greeted.result()
            return ReadyContainer.prove(session_id, container_id, connection)
        except AgentOutdated as error:
            raise problems.outdated(error) from error
        except TimeoutError as error:
            if await tools.engine.inspect(container_id) is None:
                raise Vanished from error
            raise problems.silent(timeout) from error
        finally:
            if greeted.done() and not greeted.cancelled() and greeted.exception() is None:
                greeted.result().close()


async def _why_it_exited(tools: Tools, container_id: str) -> Exception:
    state = await tools.engine.inspect(container_id)
    if state is None or state.running or state.status == "removing":
        return Vanished()
    return problems.exited(state.exit_code)
