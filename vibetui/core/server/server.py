"""`CoreServer`: which app listens on which socket, from start to shutdown."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog
from aiohttp import web

from vibetui.core.doors import BACKLOG, make_door
from vibetui.core.local import LocalCore
from vibetui.core.server.answers import errors_as_json, from_client, only_this_account
from vibetui.core.server.front_routes import FrontRoutes
from vibetui.core.server.operator_routes import OperatorRoutes
from vibetui.core.server.streams import stopping
from vibetui.core.server.user_routes import UserRoutes
from vibetui.core.service import CoreService
from vibetui.errors import NotFound

log = structlog.get_logger(__name__)

_GRACE = 3.0
"""Seconds that requests under way get when the core ends; streams end at once."""


@dataclass(frozen=True, slots=True)
class _Door:
    """Where one user's processes come in."""

    runner: web.AppRunner
    descriptor: int


class CoreServer:
    """Serves one `CoreService` on Unix sockets.

    Three apps: the operator's on the core's own socket, the front's on its door, and for each
    user who has logged in one of their own on theirs, which knows no other user.
    """

    def __init__(self, service: CoreService) -> None:
        self._service = service
        self._closing = asyncio.Event()
        self._doors: dict[str, _Door] = {}
        self._opening = asyncio.Lock()

    async def serve(self, own: socket.socket, front: socket.socket | None) -> None:
        """Serve until cancelled; then end streams, give requests a moment, and close every door.

        Both sockets are owned from here on.

        Args:
            own: Listening, for the operator: any user's routes as the local user, and the front's.
            front: Listening, for the front; None where there is none.
        """
        runners: list[web.AppRunner] = []
        try:
            runners.append(await self._start(self._operator_app(), own))
            if front is not None:
                runners.append(await self._start(self._app(self._front_routes()), front))
            log.info("core.serving")
            await asyncio.get_running_loop().create_future()
        finally:
            await self._close(runners)
            for listener in (own, front):
                if listener is not None:
                    listener.close()

    async def _start(self, app: web.Application, sock: socket.socket) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_GRACE)
        try:
            await runner.setup()
            await web.SockSite(runner, sock, backlog=BACKLOG).start()
        except BaseException:
            # Cancelled in between, the loop listens already and the site doesn't know it.
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()
            await runner.cleanup()
            raise
        return runner

    async def _close(self, runners: list[web.AppRunner]) -> None:
        self._closing.set()
        doors, self._doors = list(self._doors.values()), {}
        for door in doors:
            os.close(door.descriptor)
        await asyncio.gather(
            *(runner.cleanup() for runner in [*runners, *(door.runner for door in doors)])
        )

    async def _door(self, user_id: str) -> int:
        """The descriptor of the user's door; one serves all of the user's processes."""
        async with self._opening:
            user = await self._service.store.user(user_id)
            if user is None:
                raise NotFound("There is no such user.")
            if self._closing.is_set():
                raise stopping()
            if user_id not in self._doors:
                core = self._service.as_user(user)
                listener, descriptor = make_door(self._service.settings.run_dir)
                try:
                    app = self._app(self._user_routes(lambda: _immediately(core)))
                    runner = await self._start(app, listener)
                except BaseException:
                    os.close(descriptor)
                    raise
                self._doors[user_id] = _Door(runner, descriptor)
            return self._doors[user_id].descriptor

    def _operator_app(self) -> web.Application:
        async def local_core() -> LocalCore:
            return self._service.as_user(await self._service.local_user())

        own = OperatorRoutes(self._service).table()
        routes = [*self._user_routes(local_core), *self._front_routes(), *own]
        return self._app(routes, only_this_account)

    def _app(self, routes: Iterable[web.RouteDef], *middlewares: object) -> web.Application:
        app = web.Application(middlewares=[errors_as_json, from_client, *middlewares])  # type: ignore[list-item]
        app.add_routes(routes)
        return app

    def _user_routes(self, core: Callable[[], Awaitable[LocalCore]]) -> list[web.RouteDef]:
        return UserRoutes(core, self._closing).table()

    def _front_routes(self) -> list[web.RouteDef]:
        return FrontRoutes(self._service, self._door).table()


async def _immediately(core: LocalCore) -> LocalCore:
    return core
