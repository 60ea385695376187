"""The operator's routes: what only the account that runs the core may ask."""

from __future__ import annotations

from aiohttp import web

from vibetui.core.server.answers import body_of, text_of
from vibetui.core.service import CoreService
from vibetui.errors import NotFound


class OperatorRoutes:
    """Handlers on the core's own socket, over the accounts of `service`."""

    def __init__(self, service: CoreService) -> None:
        self._service = service

    def table(self) -> list[web.RouteDef]:
        return [web.post("/v1/operator/remove_user", self.remove_user)]

    async def remove_user(self, request: web.Request) -> web.Response:
        user = await self._service.store.user(text_of(await body_of(request), "user_id"))
        if user is None:
            raise NotFound("There is no such user.")
        await self._service.sharing.remove_user(user)
        return web.json_response({})
