"""asciicast version 2: a line of JSON for the header, then one for each event.

Source: https://docs.asciinema.org/manual/asciicast/v2
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vibetui.errors import Invalid

OUTPUT, INPUT, RESIZE, MARKER = "o", "i", "r", "m"
_LONGEST_HEADER = 1 << 20
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Line ends to some readers, though not to JSON."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording says of itself."""

    width: int
    """Columns at the beginning."""
    height: int
    """Rows at the beginning."""
    timestamp: int = 0
    """When it began, in seconds since 1970."""
    title: str = ""
    env: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> bytes:
        """The first line of a file."""
        said: dict[str, Any] = {"version": 2, "width": self.width, "height": self.height}
        said |= {"timestamp": self.timestamp, "title": self.title, "env": dict(self.env)}
        return _line(said)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened `time` seconds after the beginning."""

    time: float
    code: str
    """`OUTPUT`, `INPUT`, `RESIZE`, `MARKER`, or one that we don't know."""
    data: str

    def line(self) -> bytes:
        """A line of a file."""
        return _line([round(self.time, 6), self.code, self.data])

    @property
    def size(self) -> tuple[int, int] | None:
        """Rows and columns of a `RESIZE`."""
        columns, _, rows = self.data.partition("x")
        if self.code != RESIZE or not (columns.isdecimal() and rows.isdecimal()):
            return None
        return int(rows), int(columns)


def _line(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return text.translate(_LINE_ENDS).encode() + b"\n"


class Cast:
    """A recording that is read. Raises `Invalid` where `path` is no asciicast of version 2."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                first = file.readline(_LONGEST_HEADER)
        except OSError as error:
            raise Invalid(f"{str(path)!r} can't be read: {error.strerror}.") from error
        self.header = _header(path, first)

    def events(self) -> Iterator[Event]:
        """In order. A last line that was cut is left out; `Invalid` for any other that is wrong."""
        with self._path.open("rb") as file:
            file.readline()
            for number, line in enumerate(file, 2):
                event = _event(line)
                if event is not None:
                    yield event
                elif line.endswith(b"\n") and line.strip():
                    raise Invalid(f"Line {number} of {str(self._path)!r} is no asciicast event.")


def _header(path: Path, line: bytes) -> Header:
    try:
        said = json.loads(line)
        if said["version"] != 2:
            raise ValueError
        width, height = int(said["width"]), int(said["height"])
        if width < 1 or height < 1:
            raise ValueError
        timestamp, title = int(said.get("timestamp") or 0), str(said.get("title") or "")
        return Header(width, height, timestamp, title, dict(said.get("env") or {}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid(
            f"{str(path)!r} is no asciicast of version 2.",
            "List what was recorded here: vibetui recordings",
        ) from error


def _event(line: bytes) -> Event | None:
    try:
        time, code, data = json.loads(line)
        return Event(float(time), str(code), str(data))
    except (ValueError, TypeError, RecursionError):
        return None
