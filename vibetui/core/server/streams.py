"""Events as NDJSON: ``{"item": …}`` lines, ``{}`` while there is nothing to say, then one end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from aiohttp import web

from vibetui.core.server.answers import error_json
from vibetui.core.server.peer import peer_gone
from vibetui.core.wire import Json
from vibetui.errors import CoreUnavailable

KEEP_ALIVE = 10.0
"""Seconds between signs of life: either side notices by them that the other has gone."""


def stopping() -> CoreUnavailable:
    """What watchers hear when the core ends."""
    return CoreUnavailable("The server's core is restarting…", "Try again in a moment.")


async def send_stream(
    request: web.Request, items: AsyncGenerator[Json, None], closing: asyncio.Event
) -> web.StreamResponse:
    """Send `items` until they end, the client goes, or `closing` is set; then close them."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    response.force_close()
    try:
        await response.prepare(request)
        # The headers' bytes leave with the first line; the client then knows that it is heard.
        await _line(response, {})
        with peer_gone(request) as gone:
            last = await _pump(response, items, closing, gone)
        await _line(response, last)
        await response.write_eof()
    except ConnectionError:
        pass  # The client has gone; what it watched goes on.
    finally:
        await items.aclose()
    return response


async def _pump(
    response: web.StreamResponse,
    items: AsyncGenerator[Json, None],
    closing: asyncio.Event,
    gone: asyncio.Event,
) -> Json:
    """Send what comes; returns the last line. Raises `ConnectionError` where nobody reads it."""
    ending = asyncio.ensure_future(closing.wait())
    leaving = asyncio.ensure_future(gone.wait())
    coming = asyncio.ensure_future(_next(items))
    try:
        while True:
            await asyncio.wait(
                {ending, leaving, coming}, timeout=KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED
            )
            if leaving.done():
                raise ConnectionResetError("the client has gone")
            if coming.done():
                line = coming.result()
                if "item" not in line:
                    return line
                await _line(response, line)
                coming = asyncio.ensure_future(_next(items))
            elif ending.done():
                return {"error": stopping().to_json()}
            else:
                await _line(response, {})
    finally:
        for task in (ending, leaving, coming):
            task.cancel()
        await asyncio.wait({ending, leaving, coming})


async def _next(items: AsyncGenerator[Json, None]) -> Json:
    try:
        return {"item": await anext(items)}
    except StopAsyncIteration:
        return {"end": True}
    except Exception as error:
        return {"error": error_json(error, "stream")}


async def _line(response: web.StreamResponse, data: Any) -> None:
    await response.write(json.dumps(data, separators=(",", ":")).encode() + b"\n")
