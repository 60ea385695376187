"""The front's process: ``python -m vibetui.cli.front_process CORE_DOOR_FD ZYGOTE_FD``."""

from __future__ import annotations

import asyncio
import socket
import sys

import structlog

from sshd.server import run_front
from vibetui.cli.child import Supervised
from vibetui.errors import VibeError
from vibetui.logs import configure_logging

log = structlog.get_logger(__name__)


async def _run(supervised: Supervised, core_door: int, zygote: socket.socket) -> None:
    supervised.follow()
    await run_front(
        supervised.settings,
        core_door=core_door,
        zygote=zygote,
        ready=lambda port: supervised.ready(port=port),
    )


def main() -> int:
    """Serve until SIGTERM; exit status 1 where the front can't start."""
    core_door, zygote = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    supervised = Supervised()
    configure_logging(supervised.settings.log_level)
    try:
        asyncio.run(_run(supervised, core_door, zygote))
    except VibeError as error:
        log.error("front.start_failed", message=error.message, exc_info=True)
        supervised.failed(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
