"""What a core process has one of: the store, the engine, the sessions, the watchers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from vibetui.core.accounts import operator_name
from vibetui.core.administration.base import Actor
from vibetui.core.administration.keys import LocalOwnKeys
from vibetui.core.administration.local import LocalAdministration
from vibetui.core.audience import Audience
from vibetui.core.endings import Endings
from vibetui.core.local import LocalCore
from vibetui.core.logins import Logins
from vibetui.core.presence import Presences
from vibetui.core.recorder import Recorder
from vibetui.core.sharing import Sharing
from vibetui.core.watchers import Watchers
from vibetui.engines.docker import DockerEngine
from vibetui.errors import Conflict
from vibetui.model import SessionNotice, User
from vibetui.sessions import SessionManager
from vibetui.settings import Settings
from vibetui.store import Store

log = structlog.get_logger(__name__)


class CoreService:
    """Everything behind a `Core`, whoever is asking. Made by `start`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        manager: SessionManager,
        watchers: Watchers,
        audience: Audience,
        recorder: Recorder,
    ) -> None:
        self.settings = settings
        self.recorder = recorder
        self.store = store
        self.manager = manager
        self.watchers = watchers
        self.logins = Logins(store, settings)
        self.sharing = Sharing(store, manager, audience)
        self.presences = Presences()
        self.endings = Endings()
        self.administering = asyncio.Lock()
        """Held by changes that depend on what accounts and keys there are."""

    @classmethod
    @asynccontextmanager
    async def start(cls, settings: Settings) -> AsyncIterator[CoreService]:
        """A running service; on leaving, flights end and nothing is left but the containers.

        An engine that can't be reached doesn't keep the core from starting: it may come later.

        Raises:
            StoreError: the database can't be used.
        """
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.run_dir.mkdir(mode=0o700, exist_ok=True)
        async with AsyncExitStack() as stack:
            store = await Store.open(settings.database_path)
            stack.push_async_callback(store.close)
            engine = DockerEngine(
                settings.engine_url,
                timeout=settings.engine_timeout,
                pull_stall=settings.pull_stall_timeout,
            )
            stack.push_async_callback(engine.close)
            watchers = Watchers()
            audience = Audience(store, watchers)
            recorder = Recorder(settings, store, audience.refresh)

            def notify(notice: SessionNotice) -> None:
                audience.publish(notice)
                recorder.publish(notice)

            manager = SessionManager(engine, store, settings, notify=notify)
            stack.push_async_callback(manager.close)
            await stack.enter_async_context(_running(_follow(manager), "follow the engine"))
            await stack.enter_async_context(_running(audience.run(), "tell of changes"))
            await stack.enter_async_context(_running(recorder.run(manager), "record"))
            yield cls(settings, store, manager, watchers, audience, recorder)

    def as_user(self, user: User) -> LocalCore:
        """The core as `user` sees it."""
        return LocalCore(self, user)

    def administration(self, actor: Actor) -> LocalAdministration:
        """Everything that an administrator may do; that the actor is one isn't asked."""
        return LocalAdministration(self.store, self.settings, actor, self)

    def own_keys(self, actor: Actor) -> LocalOwnKeys:
        """The keys of the account that acts."""
        return LocalOwnKeys(self.store, self.settings, actor, self)

    async def local_user(self) -> User:
        """The account of whoever runs this process; made, without a key, if it is missing."""
        name = operator_name()
        found = await self.store.user_by_name(name)
        if found is not None:
            return found
        try:
            return await self.store.add_user(name)
        except Conflict:
            found = await self.store.user_by_name(name)
            if found is None:
                raise
            return found  # Another process made it in between.


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _follow(manager: SessionManager) -> None:
    try:
        await manager.run()
    except Exception as error:
        # Sessions can still be opened: only rows no longer follow what happens outside.
        log.error("core.follow_failed", cause=str(error), exc_info=error)
