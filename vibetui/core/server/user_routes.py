"""The routes of one user: `Core`, method by method; the socket settles whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from aiohttp import web

from vibetui.core import wire
from vibetui.core.local import LocalCore
from vibetui.core.server.answers import body_of, text_of
from vibetui.core.server.descriptor import check_upgrade, hand_over
from vibetui.core.server.peer import PeerProcess
from vibetui.core.server.streams import send_stream
from vibetui.core.wire import Json
from vibetui.errors import Invalid
from vibetui.model import Access, Presence
from vibetui.origin import act_as


class UserRoutes:
    """Handlers over the core of one user.

    Args:
        core: Gets that core. It alone decides what is the user's and what isn't.
        closing: Set when the server ends, so that streams do.
    """

    def __init__(self, core: Callable[[], Awaitable[LocalCore]], closing: asyncio.Event) -> None:
        self._of_user = core
        self._closing = closing

    def table(self) -> list[web.RouteDef]:
        session = "/v1/sessions/{session_id}"
        return [
            web.get("/v1/whoami", self.whoami),
            web.get("/v1/templates", self.templates),
            web.get("/v1/sessions", self.list_sessions),
            web.post("/v1/sessions", self.create),
            web.post("/v1/sessions/find", self.find),
            web.post(f"{session}/delete", self.delete),
            web.post(f"{session}/rename", self.rename),
            web.post(f"{session}/recording", self.recording),
            web.post(f"{session}/stop", self.stop),
            web.post(f"{session}/open", self.open),
            web.post(f"{session}/cancel", self.cancel),
            web.post(f"{session}/attach", self.attach),
            web.post(f"{session}/attach_files", self.attach_files),
            web.post(f"{session}/copy", self.copy),
            web.get(f"{session}/log", self.log),
            web.get(f"{session}/shares", self.shares),
            web.post(f"{session}/share", self.share),
            web.post(f"{session}/unshare", self.unshare),
            web.get("/v1/watch", self.watch),
            web.post("/v1/presences", self.be_present),
            web.post("/v1/presences/{presence_id}/move", self.move_presence),
            web.post("/v1/presences/{presence_id}/take_over", self.take_over),
        ]

    async def _core(self) -> LocalCore:
        core = await self._of_user()
        act_as((await core.whoami()).user_id)
        return core

    async def whoami(self, _: web.Request) -> web.Response:
        core = await self._core()
        return web.json_response(wire.user_to_json(await core.whoami()))

    async def templates(self, _: web.Request) -> web.Response:
        core = await self._core()
        return web.json_response([wire.template_to_json(one) for one in await core.templates()])

    async def list_sessions(self, _: web.Request) -> web.Response:
        core = await self._core()
        return web.json_response([wire.session_to_json(one) for one in await core.list_sessions()])

    async def create(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        template: Any = data.get("template")
        if template is not None and not isinstance(template, str):
            raise Invalid("“template” is not a string.")
        made = await core.create_session(
            text_of(data, "name"), template, opening=data.get("opening") is True
        )
        return web.json_response(wire.session_to_json(made))

    async def find(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        found = await core.find_session(text_of(data, "reference"))
        return web.json_response(wire.session_to_json(found))

    async def rename(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        renamed = await core.rename_session(_id(request), text_of(data, "name"))
        return web.json_response(wire.session_to_json(renamed))

    async def recording(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        on = data.get("on")
        if on is not None and not isinstance(on, bool):
            raise Invalid("“on” is neither true nor false.")
        changed = await core.set_recording(_id(request), on)
        return web.json_response(wire.session_to_json(changed))

    async def delete(self, request: web.Request) -> web.Response:
        await (await self._core()).delete_session(_id(request))
        return web.json_response({})

    async def stop(self, request: web.Request) -> web.Response:
        stopped = await (await self._core()).stop_session(_id(request))
        return web.json_response(wire.session_to_json(stopped))

    async def cancel(self, request: web.Request) -> web.Response:
        await (await self._core()).cancel_open(_id(request))
        return web.json_response({})

    async def log(self, request: web.Request) -> web.Response:
        return web.json_response({"log": await (await self._core()).session_log(_id(request))})

    async def shares(self, request: web.Request) -> web.Response:
        shares = await (await self._core()).shares(_id(request))
        return web.json_response([wire.share_to_json(one) for one in shares])

    async def share(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        try:
            access = Access(text_of(data, "access"))
        except ValueError as error:
            raise Invalid("There is no such access.", "There are: writer, viewer.") from error
        made = await core.share_session(_id(request), text_of(data, "name"), access)
        return web.json_response(wire.share_to_json(made))

    async def unshare(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        await core.unshare_session(_id(request), text_of(data, "name"))
        return web.json_response({})

    async def attach(self, request: web.Request) -> web.StreamResponse:
        check_upgrade(request)
        connection = await (await self._core()).attach(_id(request))
        with connection.release() as sock:
            return hand_over(request, sock.fileno())

    async def attach_files(self, request: web.Request) -> web.StreamResponse:
        check_upgrade(request)
        connection = await (await self._core()).attach_files(_id(request))
        with connection.release() as sock:
            return hand_over(request, sock.fileno())

    async def copy(self, request: web.Request) -> web.StreamResponse:
        core, data = await self._core(), await body_of(request)
        items = _copy_items(core, _id(request), text_of(data, "name"))
        return await send_stream(request, items, self._closing)

    async def open(self, request: web.Request) -> web.StreamResponse:
        core, data = await self._core(), await body_of(request)
        return await send_stream(
            request,
            _open_items(core, _id(request), recreate=data.get("recreate") is True),
            self._closing,
        )

    async def watch(self, request: web.Request) -> web.StreamResponse:
        return await send_stream(request, _watch_items(await self._core()), self._closing)

    async def be_present(self, request: web.Request) -> web.StreamResponse:
        core, data = await self._core(), await body_of(request)
        try:
            presence = wire.presence_from_json(data)
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("The request is not a presence.") from error
        process = PeerProcess(request)
        try:
            items = _presence_items(core, presence, process)
            return await send_stream(request, items, self._closing)
        finally:
            process.close()

    async def move_presence(self, request: web.Request) -> web.Response:
        data = await body_of(request)
        where = None if data.get("session_id") is None else text_of(data, "session_id")
        terminal = data.get("terminal")
        if terminal is not None and not isinstance(terminal, int):
            raise Invalid("“terminal” is not a number.")
        await (await self._core()).move_presence(request.match_info["presence_id"], where, terminal)
        return web.json_response({})

    async def take_over(self, request: web.Request) -> web.Response:
        core, data = await self._core(), await body_of(request)
        await core.take_over(request.match_info["presence_id"], text_of(data, "by"))
        return web.json_response({})


async def _open_items(
    core: LocalCore, session_id: str, *, recreate: bool
) -> AsyncGenerator[Json, None]:
    async with aclosing(core.open_session(session_id, recreate=recreate)) as events:
        async for event in events:
            yield event.to_json()


async def _copy_items(core: LocalCore, session_id: str, name: str) -> AsyncGenerator[Json, None]:
    async with aclosing(core.copy_session(session_id, name)) as steps:
        async for step in steps:
            yield wire.copy_progress_to_json(step)


async def _watch_items(core: LocalCore) -> AsyncGenerator[Json, None]:
    async with aclosing(core.watch()) as notices:
        async for notice in notices:
            yield wire.notice_to_json(notice)


async def _presence_items(
    core: LocalCore, presence: Presence, process: PeerProcess
) -> AsyncGenerator[Json, None]:
    async with aclosing(core.be_present(presence, hang_up=process.hang_up)) as notices:
        async for notice in notices:
            yield wire.presence_notice_to_json(notice)


def _id(request: web.Request) -> str:
    return request.match_info["session_id"]
