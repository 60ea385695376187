"""A core's work in a process of its own: open a session, and say each step on standard output.

``python -m tests.faults.core_to_be_killed DATA_DIR SESSION_ID [COPY]``

With a name for a copy, the session is copied instead.
Without a session it is a whole core, that records and does nothing else until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.conftest import BASE_IMAGE
from tests.session_support import make_settings
from vibetui.core.service import CoreService
from vibetui.engines import DockerEngine
from vibetui.sessions import SessionManager, helpers
from vibetui.store import Store


async def main(data_dir: Path, session_id: str, copy: str = "") -> None:
    settings = make_settings(data_dir, helper_image=BASE_IMAGE)
    store = await Store.open(settings.database_path)
    engine = DockerEngine(None, timeout=30)
    manager = SessionManager(engine, store, settings, notify=lambda notice: None)
    if copy:
        helpers.IDLE_MS = 1000
        session = await store.session(session_id)
        assert session is not None
        async for progress in manager.copy(session_id, session.user_id, copy):
            print("copied", progress.copied, flush=True)
        return
    async for event in manager.open(session_id):
        print(event.step, event.state, flush=True)


async def whole(data_dir: Path) -> None:
    settings = make_settings(data_dir)
    settings.templates["base"].record = True
    async with CoreService.start(settings):
        print("up", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    place, *session = sys.argv[1:]
    asyncio.run(main(Path(place), *session) if session else whole(Path(place)))
