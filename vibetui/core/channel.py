"""Requests to a core in another process: calls, streams and descriptors over its Unix socket."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import structlog
from yarl import URL

from vibetui.core.doors import address
from vibetui.core.handoff import receive_descriptor
from vibetui.errors import CoreUnavailable, from_json

log = structlog.get_logger(__name__)

T = TypeVar("T")

QUICK = 10.0
"""Seconds for a call that only reads or writes the database, or waits for a core to restart."""
SLOW = 180.0
"""Seconds for a call that makes the engine work: a grace period, removals."""

CLIENT_HEADER = "Vibetui-Client"
"""The address of the client for whom a request is made."""

_CONNECT = 10.0
_REBIND = 20.0
_SILENCE = 40.0
"""Seconds without a byte after which a stream is dead: the server sends one at least every ten."""

_FAULTS = (aiohttp.ClientError, OSError)


def _gone() -> CoreUnavailable:
    return CoreUnavailable("The server's core is restarting…", "Try again in a moment.")


def _silent() -> CoreUnavailable:
    return CoreUnavailable("The server's core does not answer.", "Try again in a moment.")


class Channel:
    """One target and how to reach it again.

    Args:
        target: The socket's path, or a door's descriptor, which is owned and closed from here on.
        rebind: Gets a new descriptor for a door whose core has gone; owned likewise.
        client: Where whoever asks is, for the audit trail; None: unknown, or at this machine.
    """

    def __init__(
        self,
        target: Path | int,
        rebind: Callable[[], Awaitable[int]] | None = None,
        *,
        client: str | None = None,
    ) -> None:
        self._headers = {} if client is None else {CLIENT_HEADER: client}
        self._target = target
        self._address = address(target)
        self._rebind = rebind
        self._rebinding = asyncio.Lock()
        self._generation = 0
        self._http: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        deadline: float = QUICK,
        again: bool = True,
    ) -> Any:
        """One request and its JSON answer.

        Args:
            again: Asking twice does no harm, so a connection that broke is tried once more.

        Raises:
            CoreUnavailable: no connection, or it broke, or the deadline (seconds) is over.
            VibeError: what the core answered.
        """
        timeout = aiohttp.ClientTimeout(total=deadline, sock_connect=_CONNECT)

        async def once() -> Any:
            async with self._session().request(
                method, self._url(path), json=body, timeout=timeout
            ) as response:
                data = await response.json(content_type=None)
                if response.status != 200:
                    raise from_json(data)
                return data

        return await self._attempted(once, again=again)

    async def stream(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, again: bool = True
    ) -> AsyncGenerator[Any, None]:
        """The items of an NDJSON stream, until its end or its error. Raises as `call`."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENCE)

        async def begin() -> aiohttp.ClientResponse:
            return await self._session().request(
                method, self._url(path), json=body, timeout=timeout
            )

        response = await self._attempted(begin, again=again)
        async with aclosing(_items(response)) as items:
            async for item in items:
                yield item

    async def descriptor(
        self, path: str, body: dict[str, Any] | None = None, *, deadline: float = QUICK
    ) -> int:
        """The descriptor that the core hands out for a POST to `path`. Raises as `call`."""
        return await self._attempted(
            lambda: receive_descriptor(self._address, path, body, deadline=deadline), again=True
        )

    async def close(self) -> None:
        """Give every connection up, and the door's descriptor."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()
        target, self._target = self._target, -1
        self._address = ""
        if isinstance(target, int) and target >= 0:
            os.close(target)

    def _session(self) -> aiohttp.ClientSession:
        if not self._address:
            raise CoreUnavailable("This connection to the core is closed.")
        if self._http is None:
            # A connection for each request (0.1 ms on a Unix socket): one that was kept might
            # have died with its core, which a request that must not be repeated can't tell from
            # a core that died doing it.
            self._http = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(self._address, force_close=True, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                skip_auto_headers=("User-Agent", "Accept-Encoding"),
            )
        return self._http

    @staticmethod
    def _url(path: str) -> URL:
        return URL(f"http://core{path}", encoded=True)

    async def _attempted(self, once: Callable[[], Awaitable[T]], *, again: bool) -> T:
        generation = self._generation
        try:
            return await once()
        except TimeoutError as fault:
            raise _silent() from fault
        except aiohttp.ClientConnectorError as fault:
            if self._rebind is None:
                raise _gone() from fault
            log.info("core.connection_lost", cause=str(fault))
        except _FAULTS as fault:
            if not again:
                raise _gone() from fault
            log.info("core.connection_lost", cause=str(fault))
        await self._renew(generation)
        try:
            return await once()
        except TimeoutError as fault:
            raise _silent() from fault
        except _FAULTS as fault:
            raise _gone() from fault

    async def _renew(self, generation: int) -> None:
        """Exchange the door's descriptor, once for all the requests that found it dead."""
        if self._rebind is None or not isinstance(self._target, int):
            return
        async with self._rebinding:
            if self._generation != generation:
                return
            try:
                async with asyncio.timeout(_REBIND):
                    fresh = await self._rebind()
            except (OSError, TimeoutError) as fault:
                raise _gone() from fault
            if self._target < 0:
                os.close(fresh)
                raise _gone()
            # In place: the number, and so every address made from it, stays the same.
            os.dup2(fresh, self._target, inheritable=False)
            os.close(fresh)
            self._generation += 1


async def _items(response: aiohttp.ClientResponse) -> AsyncGenerator[Any, None]:
    """Lines are ``{"item": …}``, ``{}`` (the server lives), and one ``end`` or ``error``."""
    try:
        if response.status != 200:
            raise from_json(await response.json(content_type=None))
        async for raw in response.content:
            line = json.loads(raw)
            if "error" in line:
                raise from_json(line["error"])
            if "end" in line:
                return
            if "item" in line:
                yield line["item"]
    except TimeoutError as fault:
        raise _silent() from fault
    except (*_FAULTS, ValueError) as fault:
        raise _gone() from fault
    finally:
        response.close()
    raise _gone()
