"""Answers that take their time (events, waits, pulls), on asyncio so that they can be cancelled."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from vibetui.engines.docker.errors import translate
from vibetui.errors import EngineError, NotFound

_LINE_LIMIT = 1 << 20
"""Longest line of JSON that the engine may send; its events are a few KiB."""


class Streams:
    """Requests on the engine's own HTTP API whose body arrives over time."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url

    async def lines(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[dict[str, Any] | None]:
        """Each JSON line of the answer, after one None as soon as the engine has accepted.

        Raises:
            NotFound: the engine answered 404.
            TimeoutError: it was silent for `silence` seconds.
            EngineUnavailable: it can't be reached, or went away.
            EngineError: it refused.
        """
        async with self._answer(method, path, params, headers, silence) as response:
            yield None
            async for line in response.content:
                if text := line.strip():
                    yield json.loads(text)

    async def single(self, method: str, path: str, *, params: Mapping[str, str]) -> Any:
        """The answer's one JSON document, however long it takes. Raises as `lines` does."""
        async with self._answer(method, path, params, None, None) as response:
            return json.loads(await response.read())

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None,
        silence: float | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self._url()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        connector, base = _connector(url)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector, timeout=timeout, read_bufsize=_LINE_LIMIT
                ) as client,
                client.request(
                    method, f"{base}{path}", params=dict(params), headers=dict(headers or {})
                ) as response,
            ):
                if response.status >= 400:
                    raise await _refusal(response)
                yield response
        except aiohttp.SocketTimeoutError as error:
            raise TimeoutError(f"silent for {silence:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise translate(error, url) from error


def _connector(url: str) -> tuple[aiohttp.BaseConnector, str]:
    if url.startswith("unix://"):
        return aiohttp.UnixConnector(path=url.removeprefix("unix://")), "http://engine"
    return aiohttp.TCPConnector(), url


async def _refusal(response: aiohttp.ClientResponse) -> NotFound | EngineError:
    text = await response.text()
    try:
        text = str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        text = text.strip() or str(response.reason)
    if response.status == 404:
        return NotFound(text)
    return EngineError(f"The container engine refused: {text.rstrip('.')}.")
