"""A recording that is written: bounded, whole lines only, and taken up again where it stopped."""

from __future__ import annotations

import codecs
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from vibetui.recording.cast import INPUT, MARKER, OUTPUT, RESIZE, Event, Header

SUFFIX = ".cast"
STATE_SUFFIX = ".state"
_STATE_SIZE = 512
"""Bytes, padded: the state is written over in one call, whole or not at all."""
_LAST_WORDS = 256
"""Bytes of the limit that are kept for the marker at the end."""


class Ended(StrEnum):
    """Why a recording goes no further."""

    EXIT = "exit"
    """The program ended."""
    STOPPED = "stopped"
    """The container can't be reached any more. Where it was only paused, `resume` goes on."""
    OFF = "off"
    """Somebody turned recording off."""
    LIMIT = "limit"
    """The file is as large as it may be."""
    LOST = "lost"
    """What came next is no longer kept by the agent."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is recorded: a terminal, whose number means something in one run of a container."""

    run: str
    terminal: int


class Recording:
    """One file, and beside it a small one that says how far it goes. Made by `begin` or `resume`.

    Not for two threads at once. Raises `OSError`.

    Attributes:
        offset: Of the first byte of the terminal's output that isn't in the file.
        ended: Why nothing more is taken; None while it goes on.
    """

    def __init__(self, path: Path, source: Source, limit: int) -> None:
        self.path = path
        self.source = source
        self.offset = 0
        self.ended: Ended | None = None
        self._limit = limit
        self._began = 0.0
        self._last = 0.0
        self._size = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._input = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines: list[bytes] = []
        self._since: float | None = None
        self._file = -1
        self._state = -1

    @classmethod
    def begin(
        cls, path: Path, source: Source, header: Header, *, began: float, offset: int, limit: int
    ) -> Recording:
        """A new file.

        Args:
            path: Ends with `SUFFIX`; nothing may be there.
            source: What is recorded.
            header: The first line.
            began: Seconds since 1970; the times of events count from here.
            offset: Of the output's first byte.
            limit: Bytes that the file may have.
        """
        made = cls(path, source, limit)
        made._began, made.offset = began, offset
        made._open(os.O_CREAT | os.O_EXCL)
        made._lines.append(header.line())
        made._size = len(made._lines[0])
        made.flush()
        return made

    @classmethod
    def resume(cls, path: Path, limit: int, *, whole: bool = False) -> Recording | None:
        """The recording at `path`; None where what is written beside it can't be believed.

        It is cut to what its state vouches for, so that it goes on exactly at `offset`; with
        `whole` only to whole lines, since it will not go on.
        """
        said = state_of(path)
        if said is None or path.stat().st_size < said["size"]:
            return None
        made = cls(path, Source(said["run"], said["terminal"]), limit)
        made.offset, made._size = said["offset"], said["size"]
        made._began, made._last = said["began"], said["last"]
        goes_on = said["ended"] in (None, Ended.STOPPED)
        made.ended = None if goes_on else Ended(said["ended"])
        if made.ended is None:
            made._open(0)
            if whole:
                made._size = _whole_lines(path)
                made._last = max(made._last, path.stat().st_mtime - made._began)
            os.ftruncate(made._file, made._size)
        return made

    def _open(self, how: int) -> None:
        how |= os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self.path, how | os.O_WRONLY | os.O_APPEND, 0o600)
        state = self.path.with_suffix(STATE_SUFFIX)
        self._state = os.open(state, how | os.O_WRONLY | os.O_CREAT, 0o600)

    def output(self, now: float, data: bytes, offset: int) -> None:
        """`data` came at `now` (seconds since 1970); the output is at `offset` behind it."""
        self._add(now, OUTPUT, self._decoder.decode(data))
        if self.ended is None:
            # A character that was cut is taken up from its first byte.
            self.offset = offset - len(self._decoder.getstate()[0])

    def typed(self, now: float, data: bytes) -> None:
        """Somebody typed `data`."""
        self._add(now, INPUT, self._input.decode(data))

    def resized(self, now: float, rows: int, columns: int) -> None:
        """The terminal has another size."""
        self._add(now, RESIZE, f"{columns}x{rows}")

    def mark(self, now: float, label: str) -> None:
        """A note for whoever plays it."""
        self._add(now, MARKER, label)

    def _add(self, now: float, code: str, data: str) -> None:
        if not data or self.ended is not None:
            return
        line = Event(self._time(now), code, data).line()
        if self._size + len(line) > self._limit - _LAST_WORDS:
            self.finish(now, Ended.LIMIT, "The recording ends here: the file is full")
            return
        self._lines.append(line)
        self._size += len(line)
        self._since = now if self._since is None else self._since

    @property
    def unwritten(self) -> bool:
        """Something has come since the last `flush`."""
        return bool(self._lines)

    def due(self, now: float, after: float) -> bool:
        """Whether anything has waited so many seconds to be written."""
        return self._since is not None and now - self._since >= after

    def _time(self, now: float) -> float:
        # Clocks are set back; a recording never goes back.
        self._last = max(self._last, now - self._began)
        return self._last

    def finish(self, now: float, why: Ended, label: str) -> None:
        """Nothing more is taken. `label` is at most `_LAST_WORDS` bytes as a line."""
        if self.ended is None:
            self._lines.append(Event(self._time(now), MARKER, label).line())
            self._size += len(self._lines[-1])
            self.ended = why

    def flush(self) -> None:
        """Write what has come, and then how far that is."""
        if self._file < 0 or not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        self._since = None
        while data:
            data = data[os.write(self._file, data) :]
        state = json.dumps(
            {
                **asdict(self.source),
                "offset": self.offset,
                "size": self._size,
                "began": self._began,
                "last": self._last,
                "ended": self.ended,
            }
        )
        os.pwrite(self._state, state.encode().ljust(_STATE_SIZE), 0)

    def close(self) -> None:
        """Flush, and let go of the files."""
        try:
            self.flush()
        finally:
            for descriptor in (self._file, self._state):
                if descriptor >= 0:
                    os.close(descriptor)
            self._file = self._state = -1


def _whole_lines(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def state_of(path: Path) -> dict[str, Any] | None:
    """What is written beside the recording at `path`; None where that can't be believed."""
    try:
        said = json.loads(path.with_suffix(STATE_SUFFIX).read_bytes())
        numbers = [said["offset"], said["size"], said["terminal"], said["began"], said["last"]]
        sound = all(isinstance(number, int | float) for number in numbers)
        sound = sound and isinstance(said["run"], str)
        return said if sound and (said["ended"] is None or Ended(said["ended"])) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_incomplete(path: Path) -> bool:
    """Whether the recording at `path` may go on."""
    state = state_of(path)
    return state is not None and state["ended"] is None
