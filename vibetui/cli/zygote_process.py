"""The zygote's process: ``python -m vibetui.cli.zygote_process SOCKET_FD``.

It ends when the front's end of the socket closes, and so with the supervisor.
"""

from __future__ import annotations

import socket
import sys

from sshd.zygote import run_zygote
from vibetui.cli.child import Supervised
from vibetui.logs import configure_logging


def main() -> int:
    """Serve until the socket closes."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    supervised = Supervised()
    configure_logging(supervised.settings.log_level)
    run_zygote(supervised.settings, requests, ready=supervised.ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
