"""All terminals of one session, recorded for as long as its container runs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import Any

import structlog

from vibetui.agent import AgentConnection, ListingWatch, TerminalInfo, TerminalStream
from vibetui.core.terminal_recorder import TerminalRecorder
from vibetui.errors import AgentError, NotFound, OpenError, VibeError
from vibetui.model import Session
from vibetui.recording import Ended, Header, Recording, Shelf, Source
from vibetui.sessions import SessionManager
from vibetui.settings import Settings

log = structlog.get_logger(__name__)

_TERM = "xterm-256color"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_LEAVING = 5.0
"""Seconds for the last words of terminals whose container has ended."""


class Start(Enum):
    """Why recording begins, which says what of a terminal that runs already belongs into it."""

    FRESH = auto()
    """The container has just started: everything."""
    TURNED_ON = auto()
    """Somebody has turned it on: what comes from now on."""
    AGAIN = auto()
    """It was on before: where the files end."""


class SessionRecorder:
    """Records until it is cancelled or the container stops.

    Args:
        told_full: Called when a file has reached its limit.

    Attributes:
        full: A file, or the disk, is full, and that terminal isn't recorded any more.
        off: Set before it is cancelled where recording was turned off: its files then end.
    """

    def __init__(
        self,
        session: Session,
        manager: SessionManager,
        settings: Settings,
        start: Start,
        told_full: Callable[[], None],
    ) -> None:
        self.session = session
        self.full = False
        self.off = False
        self._manager = manager
        self._settings = settings
        self._start = start
        self._told_full = told_full
        self._shelf = Shelf(settings.recordings_dir / session.session_id)
        self._limit = int(settings.recording_max_mib * (1 << 20))
        self._run: str | None = None
        self._known: dict[int, Recording] = {}

    async def run(self) -> None:
        """Until the container has stopped. Raises `OSError` where files can't be written."""
        # Another core on this data directory may be at it; the kernel tells only who asks.
        while (claim := self._shelf.claim()) is None:  # noqa: ASYNC110
            await asyncio.sleep(_LONGEST_PAUSE)
        try:
            await self._until_it_stops()
        finally:
            os.close(claim)

    async def _until_it_stops(self) -> None:
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    run = await self._manager.run_of(self.session.session_id)
                    connection = await self._connect()
                except (OpenError, NotFound):
                    self._finish(Ended.STOPPED, "The container stopped")
                    return
                except VibeError as error:
                    log.info("recorder.waits", cause=str(error))
                else:
                    began = time.monotonic()
                    await self._follow(run, connection)
                    self._start = Start.AGAIN
                    if time.monotonic() - began > _LONGEST_PAUSE:
                        pause = _FIRST_PAUSE
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            if self.off:
                self._finish(Ended.OFF, "Recording was turned off")
            for recording in self._known.values():
                recording.close()

    async def _connect(self) -> AgentConnection:
        return await self._manager.attach(self.session.session_id)

    def is_written(self, path: Path) -> bool:
        """Whether that file goes on."""
        return any(one.path == path and one.ended is None for one in self._known.values())

    def _finish(self, why: Ended, label: str) -> None:
        for terminal, recording in self._known.items():
            again = Recording.resume(recording.path, self._limit)
            if again is not None:
                again.finish(time.time(), why, label)
                again.close()
                self._known[terminal] = again

    async def _follow(self, run: str, connection: AgentConnection) -> None:
        await self._take_up(run)
        try:
            watch = await connection.watch()
        except AgentError:
            connection.close()
            return
        tasks: dict[int, asyncio.Task[None]] = {}
        try:
            start = self._start
            async for listing in watch:
                for info in listing.terminals:
                    if info.terminal not in tasks:
                        work = self._record(info, start, watch)
                        tasks[info.terminal] = asyncio.create_task(work)
                start = Start.FRESH
        except AgentError as error:
            log.info("recorder.left", session_id=self.session.session_id, cause=str(error))
            if tasks:
                await asyncio.wait(tasks.values(), timeout=_LEAVING)
        finally:
            watch.close()
            for task in tasks.values():
                task.cancel()
            if tasks:
                await asyncio.wait(tasks.values())

    async def _take_up(self, run: str) -> None:
        if self._run is not None and run != self._run:
            self._finish(Ended.STOPPED, "The container stopped")
            self._start = Start.FRESH
        self._run = run
        self._known = {}
        resumed = await asyncio.to_thread(self._shelf.take_up, run, self._limit)
        if self._start is Start.FRESH and resumed:
            self._start = Start.AGAIN  # It was only paused.
        if self._start is Start.AGAIN:
            self._known = {found.source.terminal: found for found in resumed}
            self.full = any(found.ended is Ended.LIMIT for found in resumed)
        else:
            for found in resumed:
                found.close()

    async def _record(self, info: TerminalInfo, start: Start, watch: ListingWatch) -> None:
        """One terminal, from its first listing on."""
        try:
            begun = await self._begin(info, start)
            if begun is None:
                return
            recording, stream = begun
            recorder = TerminalRecorder(
                self._connect, recording, typed=self._settings.recording_input
            )
            await recorder.run(stream)
        except VibeError as error:
            log.info("recorder.broke_off", terminal=info.terminal, cause=str(error))
            watch.close()  # It is found out above what can be taken up again.
            return
        except OSError as error:
            log.error("recorder.failed", terminal=info.terminal, cause=str(error))
        else:
            if recording.ended is not Ended.LIMIT:
                return
        self.full = True
        self._told_full()

    async def _begin(
        self, info: TerminalInfo, start: Start
    ) -> tuple[Recording, TerminalStream] | None:
        known = self._known.get(info.terminal)
        if known is not None and known.ended is Ended.OFF:
            known, start = None, Start.TURNED_ON
        if known is not None and known.ended is not None:
            return None
        if known is not None:
            stream = await self._attach(info, from_offset=known.offset, quiet=True)
            if not stream.replay.reset and stream.replay.offset == known.offset:
                return known, stream
            known.finish(time.time(), Ended.LOST, "What came next is no longer kept")
            known.close()
        elif start is Start.FRESH or (
            start is Start.AGAIN and self._known and info.terminal > max(self._known)
        ):
            stream = await self._attach(info, from_offset=0, quiet=True)
        elif info.running:
            # What is shown now has to be drawn once; what was there before was not to be recorded.
            stream = await self._attach(info, last=0)
        else:
            return None
        try:
            return await self._new(info, stream), stream
        except BaseException:
            stream.close()
            raise

    async def _attach(self, info: TerminalInfo, **how: Any) -> TerminalStream:
        connection = await self._connect()
        typed = self._settings.recording_input
        try:
            return await connection.attach(info.terminal, read_only=True, typed=typed, **how)
        except BaseException:
            connection.close()
            raise

    async def _new(self, info: TerminalInfo, stream: TerminalStream) -> Recording:
        began = time.time()
        rows, columns = stream.size
        title = " · ".join(filter(None, (self.session.name, info.name or info.title)))
        header = Header(columns, rows, int(began), title, {"TERM": _TERM})
        assert self._run is not None
        source = Source(self._run, info.terminal)
        offset = stream.replay.offset

        def make() -> Recording:
            path = self._shelf.new_path(began, info.terminal)
            return Recording.begin(
                path, source, header, began=began, offset=offset, limit=self._limit
            )

        recording = self._known[info.terminal] = await asyncio.to_thread(make)
        await asyncio.to_thread(sweep, self._shelf, self._settings, self.is_written)
        return recording


def sweep(shelf: Shelf, settings: Settings, keep: Callable[[Path], bool]) -> None:
    """Delete what is too old or too much, but for what is to be kept. Blocks."""
    shelf.sweep(
        now=time.time(),
        most=int(settings.recording_total_mib * (1 << 20)),
        days=settings.recording_days,
        keep=keep,
    )
