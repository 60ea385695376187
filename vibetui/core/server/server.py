"""`CoreServer`: which app listens on which socket, from start to shutdown."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from aiohttp import web

from vibetui.core.doors import BACKLOG, make_door
from vibetui.core.local import LocalCore
from vibetui.core.server.admin_routes import OperatorAdminRoutes, UserAdminRoutes
from vibetui.core.server.answers import errors_as_json, from_client, only_this_account
from vibetui.core.server.ending_routes import EndingRoutes
from vibetui.core.server.front_routes import FrontRoutes
from vibetui.core.server.streams import stopping
from vibetui.core.server.user_routes import UserRoutes
from vibetui.core.service import CoreService
from vibetui.errors import NotFound
from vibetui.model import User

log = structlog.get_logger(__name__)

_GRACE = 3.0
"""Seconds that requests under way get when the core ends; streams end at once."""


@dataclass(frozen=True, slots=True)
class _Door:
    """Where one user's processes come in."""

    runner: web.AppRunner
    descriptor: int
    closing: asyncio.Event
    """Ends its streams."""

    async def close(self) -> None:
        self.closing.set()
        os.close(self.descriptor)
        await self.runner.cleanup()


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
            own: Listening, for the operator: any user's routes as the local user, the front's and
                the administrators'.
            front: Listening, for the front; None where there is none.
        """
        runners: list[web.AppRunner] = []
        try:
            runners.append(await self._start(self._operator_app(), own))
            if front is not None:
                runners.append(await self._start(self._app(self._front_routes()), front))
            log.info("core.serving")
            await self._shut_doors()
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
        await asyncio.gather(
            *(runner.cleanup() for runner in runners), *(door.close() for door in doors)
        )

    async def _shut_doors(self) -> None:
        """Close the door of whoever can't log in any more, until cancelled."""
        async with aclosing(self._service.endings.watch()) as ended:
            async for user_id in ended:
                door = self._doors.pop(user_id, None)
                if door is not None:
                    await door.close()

    async def _door(self, user_id: str) -> int:
        """The descriptor of the user's door; one serves all of the user's processes."""
        async with self._opening:
            user = await self._service.store.user(user_id)
            if user is None:
                raise NotFound("There is no such user.")
            if self._closing.is_set():
                raise stopping()
            if user_id not in self._doors:
                self._doors[user_id] = await self._make_door(user)
            return self._doors[user_id].descriptor

    async def _make_door(self, user: User) -> _Door:
        core, closing = self._service.as_user(user), asyncio.Event()
        routes = [
            *UserRoutes(lambda: _immediately(core), closing).table(),
            *UserAdminRoutes(self._service, user.user_id, closing).table(),
        ]
        listener, descriptor = make_door(self._service.settings.run_dir)
        try:
            runner = await self._start(self._app(routes), listener)
        except BaseException:
            os.close(descriptor)
            raise
        return _Door(runner, descriptor, closing)

    def _operator_app(self) -> web.Application:
        async def local_core() -> LocalCore:
            return self._service.as_user(await self._service.local_user())

        routes = [
            *UserRoutes(local_core, self._closing).table(),
            *self._front_routes(),
            *OperatorAdminRoutes(self._service, self._closing).table(),
        ]
        return self._app(routes, only_this_account)

    def _app(self, routes: Iterable[web.RouteDef], *middlewares: object) -> web.Application:
        app = web.Application(middlewares=[errors_as_json, from_client, *middlewares])  # type: ignore[list-item]
        app.add_routes(routes)
        return app

    def _front_routes(self) -> list[web.RouteDef]:
        return [
            *FrontRoutes(self._service, self._door).table(),
            *EndingRoutes(self._service.endings, self._closing).table(),
        ]


async def _immediately(core: LocalCore) -> LocalCore:
    return core
