"""Work that is done to its end, whoever stops waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`, which can't be interrupted: a cancelled caller is cancelled when it is over.

    For writes to the store: a transaction that was abandoned half-way keeps the database locked,
    and whoever cleans up after a cancelled caller must find the row as it will stay. And for its
    reads: SQLAlchemy gives up the connection of one that was cancelled in a task of its own, which
    waits for ever where the store is closed meanwhile.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise


def whole(
    function: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make every call of a coroutine function one that goes `to_the_end`."""

    @wraps(function)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_the_end(function(*args, **kwargs))

    return called
