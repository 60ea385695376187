"""Which sessions are recorded now: as their rows say, for as long as the core lives."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from functools import partial

import structlog

from vibetui.core.session_recorder import SessionRecorder, Start, sweep
from vibetui.errors import StoreError
from vibetui.model import Session, SessionChange, SessionNotice, SessionStatus
from vibetui.recording import Shelf, is_incomplete
from vibetui.sessions import SessionManager
from vibetui.settings import Settings
from vibetui.store import Store

log = structlog.get_logger(__name__)


class Recorder:
    """Follows the rows by `publish`, and records what they say is to be recorded.

    Args:
        settings: Templates, limits, where files go.
        store: The rows at the start.
        changed: Called with the id of a session of which something is shown otherwise now.
    """

    def __init__(self, settings: Settings, store: Store, changed: Callable[[str], None]) -> None:
        self._settings = settings
        self._store = store
        self._changed = changed
        self._waiting: asyncio.Queue[SessionNotice] = asyncio.Queue()
        self._seen: dict[str, Session] = {}
        self._again: set[str] = set()
        """Sessions that started anew before the recorder of their last run had come to its end."""
        self._failed: set[str] = set()
        self._recording: dict[str, tuple[SessionRecorder, asyncio.Task[None]]] = {}

    def publish(self, notice: SessionNotice) -> None:
        """A row has changed. Never blocks, never raises."""
        self._waiting.put_nowait(notice)

    def is_full(self, session_id: str) -> bool:
        """Whether a terminal of it isn't recorded any more, its file being full."""
        found = self._recording.get(session_id)
        return session_id in self._failed or (found is not None and found[0].full)

    async def run(self, manager: SessionManager) -> None:
        """Record until cancelled; what is written then can be taken up by the next core."""
        try:
            await self._begin(manager)
            while True:
                self._take(await self._waiting.get(), manager)
        finally:
            tasks = [task for _, task in self._recording.values()]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    async def _begin(self, manager: SessionManager) -> None:
        try:
            rows = await self._store.all_sessions()
        except StoreError as error:
            log.error("recorder.no_rows", cause=str(error))
            return
        there = {session.session_id for session in rows}
        await asyncio.to_thread(self._tidy, there)
        for session in rows:
            self._seen[session.session_id] = session
            if self._wanted(session):
                self._start(session, Start.AGAIN, manager)

    def _tidy(self, there: set[str]) -> None:
        if not self._settings.recordings_dir.is_dir():
            return
        for directory in self._settings.recordings_dir.iterdir():
            if directory.name not in there:
                shutil.rmtree(directory, ignore_errors=True)
            else:
                sweep(Shelf(directory), self._settings, is_incomplete)

    def _wanted(self, session: Session) -> bool:
        return session.status is SessionStatus.RUNNING and self._settings.records(session)

    def _take(self, notice: SessionNotice, manager: SessionManager) -> None:
        session = notice.session
        session_id = session.session_id
        before = self._seen.get(session_id)
        gone = notice.change is SessionChange.DELETED
        if gone:
            self._seen.pop(session_id, None)
        else:
            self._seen[session_id] = session
        running = self._recording.get(session_id)
        if running is not None and (gone or not self._settings.records(session)):
            running[0].off = True
            running[1].cancel()
            self._failed.discard(session_id)
        elif not gone and self._wanted(session):
            if running is None or running[0].off:
                self._start(session, self._why(before), manager)
            else:
                running[0].session = session
                if self._why(before) is Start.FRESH:
                    self._again.add(session_id)

    def _why(self, before: Session | None) -> Start:
        if before is None or before.status is not SessionStatus.RUNNING:
            return Start.FRESH
        return Start.AGAIN if self._settings.records(before) else Start.TURNED_ON

    def _start(self, session: Session, why: Start, manager: SessionManager) -> None:
        session_id = session.session_id
        recorder = SessionRecorder(
            session, manager, self._settings, why, partial(self._changed, session_id)
        )
        self._failed.discard(session_id)
        earlier = self._recording.get(session_id)
        work = self._own(recorder, None if earlier is None else earlier[1], manager)
        task = asyncio.create_task(work, name=f"record {session_id}")
        self._recording[session_id] = recorder, task

    async def _own(
        self,
        recorder: SessionRecorder,
        earlier: asyncio.Task[None] | None,
        manager: SessionManager,
    ) -> None:
        session_id = recorder.session.session_id
        try:
            if earlier is not None:
                await asyncio.wait([earlier])
            await recorder.run()
            if session_id in self._again:
                self._again.discard(session_id)
                self._start(recorder.session, Start.FRESH, manager)
        except Exception as error:
            log.error("recorder.crashed", session_id=session_id, exc_info=error)
            self._failed.add(session_id)
        finally:
            found = self._recording.get(session_id)
            if found is not None and found[0] is recorder:
                del self._recording[session_id]
                self._changed(session_id)
