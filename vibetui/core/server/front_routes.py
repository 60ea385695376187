"""The front's routes: whose a key is, a door for that user, the audit trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from vibetui.core import wire
from vibetui.core.server.answers import body_of, text_of
from vibetui.core.server.descriptor import check_upgrade, hand_over
from vibetui.core.service import CoreService
from vibetui.core.wire import Json
from vibetui.errors import Invalid
from vibetui.events import EventCode
from vibetui.model import Account


class FrontRoutes:
    """Handlers for the process that authenticates users.

    Args:
        service: Whose accounts.
        door: Gets the descriptor of a user's door; raises `NotFound`.
    """

    def __init__(self, service: CoreService, door: Callable[[str], Awaitable[int]]) -> None:
        self._store = service.store
        self._door = door

    def table(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/front/authenticate", self.authenticate),
            web.post("/v1/front/doors", self.open_door),
            web.post("/v1/front/audit", self.audit),
        ]

    async def authenticate(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        key = await self._store.key_by_fingerprint(text_of(data, "fingerprint"))
        user = None if key is None else await self._store.user(key.user_id)
        return web.json_response(wire.account_to_json(None if user is None else Account(user)))

    async def open_door(self, request: web.Request) -> web.StreamResponse:
        check_upgrade(request)
        data = await body_of(request)
        return hand_over(request, await self._door(text_of(data, "user_id")))

    async def audit(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        try:
            code = EventCode(text_of(data, "code"))
        except ValueError as error:
            raise Invalid("There is no such event code.") from error
        detail = data.get("detail") or {}
        if not isinstance(detail, dict):
            raise Invalid("“detail” is not an object.")
        await self._store.audit(
            code,
            user_id=_optional(data, "user_id"),
            session_id=_optional(data, "session_id"),
            address=_optional(data, "address"),
            detail=detail,
        )
        return web.json_response({})


def _optional(data: Json, key: str) -> str | None:
    return None if data.get(key) is None else text_of(data, key)
