"""Administration from the command line: by the running server, or on the store itself."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vibetui.core.accounts import operator_name
from vibetui.core.administration import Administration
from vibetui.core.administration.base import Actor
from vibetui.core.administration.client import administration_over
from vibetui.core.administration.local import LocalAdministration
from vibetui.core.channel import Channel
from vibetui.origin import act_as_operator
from vibetui.settings import Settings
from vibetui.store import Store


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The store of this data directory, which is made (0700) if it is missing."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await Store.open(settings.database_path)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def administration(
    settings: Settings, *, engine: bool = False
) -> AsyncIterator[Administration]:
    """For the operator. By the running core, so that changes are felt at once.

    Args:
        engine: Something is to be done to containers: where no core runs, one is started for it.
    """
    actor = Actor(by=operator_name())
    if _listens(settings.core_socket):
        channel = Channel(settings.core_socket)
        try:
            yield administration_over(channel)
        finally:
            await channel.close()
    elif engine:
        from vibetui.core.service import CoreService

        act_as_operator(actor.by)
        async with CoreService.start(settings) as service:
            yield service.administration(actor)
    else:
        async with opened_store(settings) as store:
            yield LocalAdministration(store, settings, actor)


def _listens(path: Path) -> bool:
    """Whether a server holds the socket; its core may be restarting just now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
