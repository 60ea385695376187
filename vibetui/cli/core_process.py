"""The core's process: ``python -m vibetui.cli.core_process OWN_FD FRONT_FD``."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

import structlog

from vibetui.cli.child import Supervised
from vibetui.core.server import CoreServer
from vibetui.core.service import CoreService
from vibetui.errors import VibeError
from vibetui.logs import configure_logging

log = structlog.get_logger(__name__)


async def _run(supervised: Supervised, own: socket.socket, front: socket.socket) -> None:
    supervised.follow()
    async with CoreService.start(supervised.settings) as service:
        server = CoreServer(service)
        serving = asyncio.ensure_future(server.serve(own, front))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        supervised.ready()
        try:
            await serving
        except asyncio.CancelledError:
            log.info("core.stopping")


def main() -> int:
    """Serve until SIGTERM; exit status 1 where the core can't start."""
    own, front = (socket.socket(fileno=int(argument)) for argument in sys.argv[1:3])
    supervised = Supervised()
    configure_logging(supervised.settings.log_level)
    try:
        asyncio.run(_run(supervised, own, front))
    except VibeError as error:
        log.error("core.start_failed", message=error.message, exc_info=True)
        supervised.failed(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
