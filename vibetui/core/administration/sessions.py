"""Everybody's sessions, from outside: nobody's terminals or files are looked into."""

from __future__ import annotations

from dataclasses import replace

from vibetui.core.administration.base import Desk, no_server
from vibetui.errors import NotFound
from vibetui.model import Session, Template
from vibetui.sessions import SessionManager


class SessionAdministration(Desk):
    """As `Administration` says. Stopping and removing need a running core."""

    async def sessions(self) -> list[Session]:
        names = {user.user_id: user.name for user in await self._store.list_users()}
        found = [
            replace(session, owner=names.get(session.user_id, ""))
            for session in await self._store.all_sessions()
        ]
        return sorted(found, key=lambda session: (session.owner, session.name))

    async def stop_session(self, owner: str, name: str) -> Session:
        session = await self._session(owner, name)
        stopped = await self._manager().stop(session.session_id)
        return replace(stopped, owner=owner)

    async def remove_session(self, owner: str, name: str) -> None:
        session = await self._session(owner, name)
        await self._manager().delete(session.session_id)

    async def templates(self) -> list[Template]:
        return self._settings.template_list()

    def _manager(self) -> SessionManager:
        if self._service is None:
            raise no_server()
        return self._service.manager

    async def _session(self, owner: str, name: str) -> Session:
        user = await self._store.user_by_name(owner)
        own = [] if user is None else await self._store.sessions_of(user.user_id)
        for session in own:
            if session.name == name:
                return session
        raise NotFound("There is no such session.", "List them: vibetui session list")
