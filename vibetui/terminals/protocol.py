"""The `Emulator` protocol: bytes in, styled rows out. Coordinates are (row, column) from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol

Color = int | tuple[int, int, int] | None
"""None: the terminal's default; int: palette index 0..255; a tuple: red, green, blue."""


class Underline(IntEnum):
    """SGR 4:n, as kitty and xterm have it; false where there is none."""

    NONE = 0
    SINGLE = 1
    DOUBLE = 2
    CURLY = 3
    DOTTED = 4
    DASHED = 5


@dataclass(frozen=True, slots=True)
class CellStyle:
    """How a run of cells looks (SGR, ECMA-48 section 8.3.117), and where it leads (OSC 8)."""

    foreground: Color = None
    background: Color = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: Underline = Underline.NONE
    blink: bool = False
    reverse: bool = False
    conceal: bool = False
    strike: bool = False
    overline: bool = False
    underline_color: Color = None
    link: str = ""
    """A URI without control characters, or nothing."""


class Run(NamedTuple):
    """Cells from column `start` to before `end` that share one style.

    A tuple, since a full screen has 2,600 of them, and a frozen dataclass takes 0.3 µs longer.
    """

    start: int
    end: int
    text: str
    """What stands in these cells; a wide character fills two columns but stands here once."""
    style: CellStyle


@dataclass(frozen=True, slots=True)
class LineText:
    """The text of a line without its styles.

    Without the blanks at its end, too, where the next line doesn't go on with it.
    """

    text: str
    wrapped: bool
    """The next line goes on where this one ends: together they are one line of output."""


@dataclass(frozen=True, slots=True)
class Cursor:
    row: int
    column: int
    visible: bool
    shape: str = "block"
    """block, bar or underline"""
    blinking: bool = False


class MouseTracking(IntEnum):
    """DEC private modes 9, 1000, 1002 and 1003."""

    NONE = 0
    X10 = 9
    NORMAL = 1000
    BUTTON = 1002
    ANY = 1003


class MouseEncoding(StrEnum):
    DEFAULT = "default"
    UTF8 = "utf8"
    SGR = "sgr"
    URXVT = "urxvt"


@dataclass(frozen=True, slots=True)
class Modes:
    """What the program in the container has switched on."""

    application_cursor: bool = False
    application_keypad: bool = False
    bracketed_paste: bool = False
    focus_events: bool = False
    alternate_screen: bool = False
    synchronized_output: bool = False
    mouse: MouseTracking = MouseTracking.NONE
    mouse_encoding: MouseEncoding = MouseEncoding.DEFAULT
    kitty_keyboard: int = 0
    alternate_scroll: bool = True
    """DEC private mode 1007: on the alternate screen the wheel sends arrow keys."""


class Emulator(Protocol):
    """One terminal's screen, modes and history. Not thread-safe. `feed` raises nothing, ever."""

    name: str
    rows: int
    columns: int

    def feed(self, data: bytes) -> None: ...

    def resize(self, rows: int, columns: int) -> None: ...

    def dirty_rows(self) -> Sequence[int]:
        """Rows of the viewport changed since the last call, ascending; clears the marks."""
        ...

    def row(self, y: int) -> Sequence[Run]:
        """Row `y` of the viewport (which may be scrolled back), covering all its columns."""
        ...

    @property
    def cursor(self) -> Cursor:
        """In the viewport; invisible while scrolled back out of sight."""
        ...

    @property
    def modes(self) -> Modes: ...

    @property
    def history_lines(self) -> int:
        """Lines above the screen."""
        ...

    @property
    def first_line(self) -> int:
        """The number of the oldest line kept.

        Lines are numbered from the first that the terminal ever had, so a number stays with its
        line while output scrolls; the screen's top row is `first_line` + `history_lines`. A resize
        that reflows, a reset and a change of screen may number anew.
        """
        ...

    def line(self, number: int) -> Sequence[Run]:
        """A line of the history or the screen, in runs as `row` gives them; blank where none is."""
        ...

    def texts(self, start: int, stop: int) -> Sequence[LineText]:
        """Lines `start` to before `stop`, as far as they are kept. 10,000 in under 100 ms."""
        ...

    @property
    def scroll_offset(self) -> int:
        """Lines that the viewport is scrolled back; 0 follows the output."""
        ...

    def scroll_to(self, offset: int) -> None:
        """Clamped to 0..`history_lines`."""
        ...

    def take_replies(self) -> bytes:
        """Answers to queries (DA, DSR, CPR, …) owed to the program; clears them."""
        ...

    def take_bells(self) -> int: ...

    def take_clipboard(self) -> str | None:
        """The last OSC 52 write since the last call."""
        ...

    @property
    def title(self) -> str:
        """Set by OSC 0 or 2; stripped of control characters."""
        ...

    def rest(self) -> bool:
        """Save memory for some milliseconds while no output comes; whether there is more to do."""
        ...

    def close(self) -> None: ...
