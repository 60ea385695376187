"""The one hop from asyncio to the synchronous SDK."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import docker
from docker.errors import APIError

from vibetui.engines.docker.errors import translate
from vibetui.engines.docker.url import resolve_url
from vibetui.errors import EngineError

T = TypeVar("T")

WORKERS = 8
"""Calls to the engine at a time. dockerd itself starts containers little faster than this."""


class Hop:
    """Runs SDK calls on a bounded pool of threads, over a client made when first needed.

    A daemon that is down when the server starts is therefore no reason to fail, and one that
    comes back is simply used again.
    """

    def __init__(self, url: str | None, timeout: float) -> None:
        self._configured = url
        self._timeout = timeout
        self._client: docker.APIClient | None = None
        self._client_url = ""
        self._making = threading.Lock()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="engine")

    def url(self) -> str:
        """Where the engine is now. Raises `EngineError` for an address that isn't one."""
        return resolve_url(self._configured)

    async def __call__(self, call: Callable[[Any], T]) -> T:
        """Run `call(client)` on a thread; the client is a `docker.APIClient`, in part untyped.

        `docker.errors.APIError` passes through, for the caller to branch on the inspected state;
        everything else becomes `EngineUnavailable` or `EngineError`.

        A call can't be interrupted, so a cancelled caller waits for its end (at most the
        engine's timeout): whatever the call made exists by the time the caller cleans up.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._run, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            if not future.cancelled():
                future.exception()
            raise

    def _run(self, call: Callable[[Any], T]) -> T:
        url = self.url()
        try:
            return call(self._connected(url))
        except (APIError, EngineError):
            raise
        except Exception as error:
            raise translate(error, url) from error

    def _connected(self, url: str) -> docker.APIClient:
        with self._making:
            if self._client is None or self._client_url != url:
                # Its constructor asks the daemon for its API version, and fails without one.
                self._client = docker.APIClient(base_url=url, timeout=math.ceil(self._timeout))
                self._client_url = url
            return self._client

    def close(self) -> None:
        """Give up the threads and connections. Calls under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()
