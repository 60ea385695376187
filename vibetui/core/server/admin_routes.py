"""The administrators' routes, and everybody's to their own keys."""

from __future__ import annotations

import asyncio
import pwd
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, NoReturn

import structlog
from aiohttp import web

from vibetui.core.administration import Administration, OwnKeys
from vibetui.core.administration.base import Actor
from vibetui.core.administration.wire import Method, methods_of
from vibetui.core.server.answers import Handler, body_of
from vibetui.core.server.peer import peer_uid
from vibetui.core.server.streams import send_stream
from vibetui.core.service import CoreService
from vibetui.core.wire import Json
from vibetui.errors import Denied
from vibetui.events import EventCode
from vibetui.model import User, UserRole
from vibetui.origin import act_as, act_as_operator, current_origin

log = structlog.get_logger(__name__)

Desk = Callable[[web.Request, Method], Awaitable[Any]]
"""Gets the object whose method is called. Raises `Denied` where whoever asks may not."""


class OperatorAdminRoutes:
    """On the core's own socket: whoever may connect to that may do everything."""

    def __init__(self, service: CoreService, closing: asyncio.Event) -> None:
        self._service = service
        self._closing = closing

    def table(self) -> list[web.RouteDef]:
        return _table("admin", Administration, self._desk, self._closing)

    async def _desk(self, request: web.Request, _: Method) -> Any:
        uid = peer_uid(request)
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = f"uid{uid}"
        act_as_operator(name)
        return self._service.administration(Actor(by=name))


class UserAdminRoutes:
    """On one user's door. Their role is looked up for each request."""

    def __init__(self, service: CoreService, user_id: str, closing: asyncio.Event) -> None:
        self._service = service
        self._user_id = user_id
        self._closing = closing

    def table(self) -> list[web.RouteDef]:
        return [
            *_table("admin", Administration, self._administration, self._closing),
            *_table("own_keys", OwnKeys, self._own_keys, self._closing),
        ]

    async def _administration(self, _: web.Request, method: Method) -> Any:
        user = await self._user()
        if user.role is not UserRole.ADMIN:
            await self._refuse(user, method)
        return self._service.administration(_actor(user))

    async def _own_keys(self, _: web.Request, __: Method) -> Any:
        return self._service.own_keys(_actor(await self._user()))

    async def _user(self) -> User:
        user = await self._service.store.user(self._user_id)
        if user is None:
            raise Denied("Your account is gone.")
        act_as(user.user_id)
        return user

    async def _refuse(self, user: User, method: Method) -> NoReturn:
        log.warning(EventCode.ACCESS_REFUSED, user_id=user.user_id, administration=method.name)
        await self._service.store.audit(
            EventCode.ACCESS_REFUSED,
            user_id=user.user_id,
            address=current_origin().address,
            detail={"administration": method.name},
        )
        raise Denied("Only an administrator can do that.")


def _actor(user: User) -> Actor:
    return Actor(user.name, user.user_id, current_origin().address)


def _table(place: str, protocol: type, desk: Desk, closing: asyncio.Event) -> list[web.RouteDef]:
    """A route for each method, so that none is without the desk's decision."""
    return [
        web.post(f"/v1/{place}/{name}", _handler(method, desk, closing))
        for name, method in methods_of(protocol).items()
    ]


def _handler(method: Method, desk: Desk, closing: asyncio.Event) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        data = await body_of(request)
        # Who asks comes first: a mistake in the request is told to those alone who may ask.
        call = getattr(await desk(request, method), method.name)
        arguments = method.unpacked(data.get("arguments"))
        if method.streaming:
            return await send_stream(request, _items(method, call(**arguments)), closing)
        result = await call(**arguments)
        return web.json_response({"result": method.answer.dump_python(result, mode="json")})

    return handle


async def _items(method: Method, found: AsyncGenerator[Any, None]) -> AsyncGenerator[Json, None]:
    async with aclosing(found) as items:
        async for item in items:
            yield method.answer.dump_python(item, mode="json")
