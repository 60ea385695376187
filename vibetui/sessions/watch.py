"""Names appearing in directories, by inotify: nobody polls for a socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asyncinotify import Inotify, Mask

_APPEARS = Mask.CREATE | Mask.MOVED_TO


class DirectoryWatch:
    """One inotify instance for all directories: a user may have only 128 instances."""

    def __init__(self) -> None:
        self._inotify: Inotify | None = None
        self._reader: asyncio.Task[None] | None = None
        self._signals: dict[str, asyncio.Event] = {}

    @contextmanager
    def appearances(self, directory: Path) -> Iterator[asyncio.Event]:
        """An event that is set whenever a name appears in `directory`, from now on.

        Raises:
            OSError: the directory is not there, is a symbolic link, or inotify is used up.
        """
        if self._inotify is None:
            self._inotify = Inotify()
            self._reader = asyncio.create_task(self._read(self._inotify), name="inotify")
        inotify, key = self._inotify, str(directory)
        watch = inotify.add_watch(directory, _APPEARS | Mask.ONLYDIR | Mask.DONT_FOLLOW)
        signal = self._signals[key] = asyncio.Event()
        try:
            yield signal
        finally:
            del self._signals[key]
            # The kernel has dropped the watch by itself where the directory is gone.
            with contextlib.suppress(OSError, KeyError, ValueError):
                inotify.rm_watch(watch)

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    async def _read(self, inotify: Inotify) -> None:
        while True:
            event = await inotify.get()
            if event.watch is None:
                # The kernel's queue ran over: anything may have appeared anywhere.
                woken = list(self._signals.values())
            else:
                signal = self._signals.get(str(event.watch.path))
                woken = [signal] if signal else []
            for signal in woken:
                signal.set()
