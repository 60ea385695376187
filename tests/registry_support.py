"""A registry on the loopback interface, from which a real daemon pulls: slowly, if we like.

Docker speaks plain HTTP to 127.0.0.0/8 without being told to.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.session_support import root_archive

_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_CONFIG = "application/vnd.docker.container.image.v1+json"


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _padding(size: int) -> bytes:
    """A layer of `size` bytes that nobody has yet, so that it has to be fetched."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("padding")
        entry.size = size
        archive.addfile(entry, io.BytesIO(os.urandom(size)))
    return buffer.getvalue()


class Registry:
    """One image, of a root and 8 MB of padding; the padding's second half waits for `go_on`."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.image = ""
        layers = [root_archive(), _padding(8 << 20)]
        packed = [gzip.compress(layer, compresslevel=0) for layer in layers]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in layers]},
        }
        described = json.dumps(config).encode()
        self._slow = _digest(packed[1])
        self._blobs = {_digest(blob): blob for blob in (*packed, described)}
        self._manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _TYPE,
                "config": _reference(_CONFIG, described),
                "layers": [_reference(_LAYER, blob) for blob in packed],
            }
        ).encode()

    async def version(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def manifest(self, request: web.Request) -> web.Response:
        headers = {"Docker-Content-Digest": _digest(self._manifest)}
        return web.Response(body=self._manifest, content_type=_TYPE, headers=headers)

    async def blob(self, request: web.Request) -> web.StreamResponse:
        digest = request.match_info["digest"]
        blob = self._blobs[digest]
        response = web.StreamResponse()
        response.content_length = len(blob)
        await response.prepare(request)
        half = len(blob) // 2
        await response.write(blob[:half])
        if digest == self._slow:
            await self.go_on.wait()
        await response.write(blob[half:])
        return response


def _reference(kind: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(blob), "digest": _digest(blob)}


@asynccontextmanager
async def a_registry() -> AsyncIterator[Registry]:
    """A `Registry` that listens; its `image` is what to pull."""
    registry = await asyncio.to_thread(Registry)
    app = web.Application()
    app.router.add_get("/v2/", registry.version)
    app.router.add_get("/v2/{name}/manifests/{reference}", registry.manifest)
    app.router.add_get("/v2/{name}/blobs/{digest}", registry.blob)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        registry.image = f"{host}:{port}/vibetui-test:latest"
        yield registry
    finally:
        registry.go_on.set()
        await runner.cleanup()
