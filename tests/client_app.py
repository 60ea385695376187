"""The app over a staged core on this process's own terminal.

Arguments: an agent's socket; ``viewer`` where its user may only look on.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.ui_support import StagedCore, session, staged_app
from vibetui.cli.local import run_app
from vibetui.model import Access, SessionStatus


def main() -> None:
    socket = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    rows = [session("api", SessionStatus.RUNNING, timedelta(seconds=20)), session("thesis")]
    if "viewer" in sys.argv[2:]:
        rows = [replace(row, access=Access.VIEWER, owner="bob") for row in rows]
    core = StagedCore(sessions=rows, agent_socket=socket)
    core.finish.set()
    print(asyncio.run(run_app(staged_app(core))))


if __name__ == "__main__":
    main()
