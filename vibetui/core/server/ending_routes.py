"""The front's stream of whose connections must end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from vibetui.core.endings import Endings
from vibetui.core.server.streams import send_stream
from vibetui.core.wire import Json


class EndingRoutes:
    """Handlers on the front's door."""

    def __init__(self, endings: Endings, closing: asyncio.Event) -> None:
        self._endings = endings
        self._closing = closing

    def table(self) -> list[web.RouteDef]:
        return [web.post("/v1/front/endings", self.watch)]

    async def watch(self, request: web.Request) -> web.StreamResponse:
        return await send_stream(request, self._items(), self._closing)

    async def _items(self) -> AsyncGenerator[Json, None]:
        async with aclosing(self._endings.watch()) as ended:
            async for user_id in ended:
                yield {"user_id": user_id}
