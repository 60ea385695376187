"""The front's routes: who somebody is, a door for that user, the audit trail."""

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
        self._logins = service.logins
        self._door = door

    def table(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/front/authenticate", self.authenticate),
            web.post("/v1/front/account", self.account),
            web.post("/v1/front/authorities", self.authorities),
            web.post("/v1/front/check_password", self.check_password),
            web.post("/v1/front/check_code", self.check_code),
            web.post("/v1/front/register", self.register),
            web.post("/v1/front/logged_in", self.logged_in),
            web.post("/v1/front/doors", self.open_door),
            web.post("/v1/front/audit", self.audit),
        ]

    async def authenticate(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        return _answer(await self._logins.authenticate(text_of(data, "fingerprint")))

    async def account(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        return _answer(await self._logins.account(text_of(data, "name")))

    async def authorities(self, request: web.Request) -> web.Response:
        await body_of(request)
        return web.json_response(wire.authorities_to_json(await self._logins.authorities()))

    async def check_password(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        name, password = text_of(data, "name"), text_of(data, "password")
        return _answer(await self._logins.check_password(name, password))

    async def check_code(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        right = await self._logins.check_code(text_of(data, "user_id"), text_of(data, "code"))
        return web.json_response({"right": right})

    async def register(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        name, key_line = text_of(data, "name"), text_of(data, "key_line")
        return _answer(await self._logins.register(name, _optional(data, "code"), key_line))

    async def logged_in(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        await self._logins.logged_in(
            text_of(data, "user_id"),
            method=text_of(data, "method"),
            fingerprint=_optional(data, "fingerprint"),
            address=text_of(data, "address"),
            detail=text_of(data, "detail"),
        )
        return web.json_response({})

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


def _answer(account: Account | None) -> web.Response:
    return web.json_response(wire.account_to_json(account))


def _optional(data: Json, key: str) -> str | None:
    return None if data.get(key) is None else text_of(data, key)
