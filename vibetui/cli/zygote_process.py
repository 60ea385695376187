"""The zygote's process: ``python -m vibetui.cli.zygote_process SOCKET_FD``.

It ends when the front's end of the socket closes, and so with the supervisor.
"""

from __future__ import annotations

import socket
import sys

from sshd.zygote import run_zygote
from vibetui.cli.child import child_settings, report_ready
from vibetui.logs import configure_logging


def main() -> int:
    """Serve until the socket closes."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    settings = child_settings()
    configure_logging(settings.log_level)
    run_zygote(settings, requests, ready=report_ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
