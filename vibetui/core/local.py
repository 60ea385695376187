"""`Core` in this process, for one user. Ownership is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from vibetui.agent import AgentConnection
from vibetui.errors import NotFound
from vibetui.events import OpenEvent
from vibetui.model import Session, SessionNotice, Template, User

if TYPE_CHECKING:
    from vibetui.core.service import CoreService


class LocalCore:
    """The core as `user` sees it. Implements `Core`. Made by `CoreService.as_user`."""

    def __init__(self, service: CoreService, user: User) -> None:
        self._service = service
        self._manager = service.manager
        self._user = user

    async def whoami(self) -> User:
        return self._user

    async def templates(self) -> list[Template]:
        return self._service.settings.template_list()

    async def list_sessions(self) -> list[Session]:
        return await self._service.store.sessions_of(self._user.user_id)

    async def create_session(
        self, name: str, template: str | None = None, *, opening: bool = False
    ) -> Session:
        chosen = template or self._service.settings.default_template
        return await self._manager.create(self._user.user_id, name, chosen, opening=opening)

    async def rename_session(self, session_id: str, name: str) -> Session:
        await self._own(session_id)
        return await self._manager.rename(session_id, name)

    async def delete_session(self, session_id: str) -> None:
        await self._own(session_id)
        await self._manager.delete(session_id)

    async def stop_session(self, session_id: str) -> Session:
        await self._own(session_id)
        return await self._manager.stop(session_id)

    async def open_session(
        self, session_id: str, *, recreate: bool = False
    ) -> AsyncGenerator[OpenEvent, None]:
        await self._own(session_id)
        async with aclosing(self._manager.open(session_id, recreate=recreate)) as events:
            async for event in events:
                yield event

    async def cancel_open(self, session_id: str) -> None:
        await self._own(session_id)
        await self._manager.cancel(session_id)

    async def attach(self, session_id: str) -> AgentConnection:
        await self._own(session_id)
        return await self._manager.attach(session_id)

    async def session_log(self, session_id: str) -> str:
        await self._own(session_id)
        return await self._manager.log(session_id)

    async def watch(self) -> AsyncGenerator[SessionNotice, None]:
        async with aclosing(self._service.watchers.watch(self._user.user_id)) as notices:
            async for notice in notices:
                yield notice

    async def close(self) -> None:
        """Nothing: the service belongs to whoever started it."""

    async def _own(self, session_id: str) -> None:
        """Somebody else's session is as missing as one that doesn't exist, to the letter."""
        session = await self._service.store.session(session_id)
        if session is None or session.user_id != self._user.user_id:
            raise NotFound("There is no such session.")
