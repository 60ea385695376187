"""The front's process: ``python -m vibetui.cli.front_process CORE_DOOR_FD ZYGOTE_FD``."""

from __future__ import annotations

import asyncio
import socket
import sys

import structlog

from sshd.server import run_front
from vibetui.cli.child import child_settings, follow_supervisor, report_error, report_ready
from vibetui.errors import VibeError
from vibetui.logs import configure_logging
from vibetui.settings import Settings

log = structlog.get_logger(__name__)


async def _run(settings: Settings, core_door: int, zygote: socket.socket) -> None:
    follow_supervisor()
    await run_front(
        settings,
        core_door=core_door,
        zygote=zygote,
        ready=lambda port: report_ready(port=port),
    )


def main() -> int:
    """Serve until SIGTERM; exit status 1 where the front can't start."""
    core_door, zygote = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    settings = child_settings()
    configure_logging(settings.log_level)
    try:
        asyncio.run(_run(settings, core_door, zygote))
    except VibeError as error:
        log.error("front.start_failed", message=error.message, exc_info=True)
        report_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
