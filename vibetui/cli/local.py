"""``python -m vibetui``: the app on this terminal, with the server's core or one of its own."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from vibetui.core.client import CoreClient
from vibetui.core.protocol import Core
from vibetui.errors import CoreUnavailable, VibeError
from vibetui.logs import configure_logging
from vibetui.settings import Settings
from vibetui.ui import VibeApp

log = structlog.get_logger(__name__)


def run_local(settings: Settings) -> int:
    """Run the app for the local user until it is left. Returns the exit status."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise VibeError("vibetui needs a terminal.", "For scripts: vibetui --help")
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with settings.log_path.open("a") as log_file:
        configure_logging(settings.log_level, log_file)
        return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    async with _core(settings) as core:
        app = VibeApp(core, settings, remote=False)
        sentence = await run_app(app)
    if sentence:
        print(sentence)
    return app.return_code or 0


async def run_app(app: VibeApp) -> str | None:
    """Run `app`; a signal that would end the process ends it with the terminal left clean."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, app.exit)
    return await app.run_async()


@asynccontextmanager
async def _core(settings: Settings) -> AsyncIterator[Core]:
    client = CoreClient(settings.core_socket)
    try:
        await client.whoami()
    except CoreUnavailable:
        await client.close()
        log.info("local.own_core")
        # SQLAlchemy, docker and aiohttp's server cost 0.4 s that a running server saves us.
        from vibetui.core.service import CoreService

        async with CoreService.start(settings) as service:
            yield service.as_user(await service.local_user())
        return
    try:
        yield client
    finally:
        await client.close()
