"""A session's directory of recordings: their names, what is there, and what has to go."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vibetui.recording.recording import (
    STATE_SUFFIX,
    SUFFIX,
    Ended,
    Recording,
    is_incomplete,
    state_of,
)

_BROKE_OFF = "The recording broke off here"


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that is there."""

    path: Path
    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970."""
    complete: bool
    """Nothing more will be written."""
    seconds: float | None
    """How long it plays; None where its state is lost."""


class Shelf:
    """Everything blocks; for a thread. Raises `OSError`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def new_path(self, began: float, terminal: int) -> Path:
        """A name that sorts by time and that nothing has, in the directory, which is made."""
        self._prepare()
        stamp = datetime.fromtimestamp(began, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        return self.directory / f"{stamp}-{terminal}{SUFFIX}"

    def _prepare(self) -> None:
        self.directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.mkdir(mode=0o700, exist_ok=True)

    def claim(self) -> int | None:
        """A descriptor that keeps every other process from claiming it; None where one has it."""
        self._prepare()
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def has_any(self) -> bool:
        """Whether anything is there."""
        return next(self.directory.glob(f"*{SUFFIX}"), None) is not None

    def kept(self) -> list[Kept]:
        """The oldest first."""
        found = []
        for path in sorted(self.directory.glob(f"*{SUFFIX}")):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            state = state_of(path)
            found.append(
                Kept(
                    path,
                    stat.st_size,
                    stat.st_mtime,
                    complete=not is_incomplete(path),
                    seconds=None if state is None else state["last"],
                )
            )
        return found

    def take_up(self, run: str, limit: int) -> list[Recording]:
        """The newest recording of each terminal of this run.

        All others that broke off, with a core that was killed, end where they are.
        """
        newest: dict[int, Recording] = {}
        for kept in self.kept():
            state = state_of(kept.path)
            if state is None:
                continue
            if state["run"] != run:
                if state["ended"] is None:
                    _end(kept.path, limit)
                continue
            if (before := newest.get(state["terminal"])) is not None:
                before.finish(kept.modified, Ended.LOST, _BROKE_OFF)
                before.close()
            if (found := Recording.resume(kept.path, limit)) is not None:
                newest[found.source.terminal] = found
        return list(newest.values())

    def sweep(self, *, now: float, most: int, days: float, keep: Callable[[Path], bool]) -> None:
        """Delete what is too old, and the oldest while all together have more than `most` bytes.

        `keep` tells which stay nevertheless: those that are written.
        """
        kept = self.kept()
        total = sum(one.size for one in kept)
        for one in kept:
            too_old = days > 0 and now - one.modified > days * 86_400
            if (too_old or total > most) and not keep(one.path):
                one.path.unlink(missing_ok=True)
                one.path.with_suffix(STATE_SUFFIX).unlink(missing_ok=True)
                total -= one.size


def _end(path: Path, limit: int) -> None:
    found = Recording.resume(path, limit, whole=True)
    if found is not None and found.ended is None:
        found.finish(path.stat().st_mtime, Ended.LOST, _BROKE_OFF)
        found.close()
