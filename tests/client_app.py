"""The app over a staged core on this process's own terminal; one argument: an agent's socket."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from tests.ui_support import StagedCore, session, staged_app
from vibetui.cli.local import run_app
from vibetui.model import SessionStatus


def main() -> None:
    socket = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rows = [session("api", SessionStatus.RUNNING, timedelta(seconds=20)), session("thesis")]
    core = StagedCore(sessions=rows, agent_socket=socket)
    core.finish.set()
    print(asyncio.run(run_app(staged_app(core))))


if __name__ == "__main__":
    main()
