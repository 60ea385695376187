"""What brings a user's bare terminal to the screen and the modes of a container's."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from vibetui.terminals.protocol import (
    CellStyle,
    Cursor,
    Emulator,
    Modes,
    MouseEncoding,
    MouseTracking,
    Run,
)
from vibetui.ui.widgets.terminal_strip import TerminalStrip

_SHAPES = {"block": 1, "underline": 3, "bar": 5}
_ENCODINGS = {MouseEncoding.UTF8: 1005, MouseEncoding.SGR: 1006, MouseEncoding.URXVT: 1015}
_BLANK = CellStyle()


def opening(emulator: Emulator, console: Console, title: str) -> bytes:
    """The bytes to write to a terminal of the emulator's size that has nothing switched on.

    The user's own lines scroll up into their history. What an emulator doesn't tell is left at
    its default: colours to come, margins, character sets; the new size makes a full-screen program
    draw anew anyway.
    """
    modes = emulator.modes
    emulator.scroll_to(0)
    pieces = [
        "\x1b[?2026h",
        f"\x1b[22;0t\x1b]2;{title}\x1b\\",
        f"\x1b[{emulator.rows};1H" + "\n" * emulator.rows + "\x1b[H",
        "\x1b[?1049h\x1b[H\x1b[2J" if modes.alternate_screen else "",
        *(_row(emulator.row(y), y, console) for y in range(emulator.rows)),
        _switched_on(modes),
        _cursor(emulator.cursor),
        "\x1b[?2026l",
    ]
    return "".join(pieces).encode("utf-8", "replace")


def _row(runs: Sequence[Run], y: int, console: Console) -> str:
    shown = list(runs)
    if shown and shown[-1].style == _BLANK:
        # Blanks nobody has printed would be copied with the line.
        text = shown[-1].text.rstrip(" ")
        shown[-1:] = [shown[-1]._replace(text=text)] if text else []
    if not shown:
        return ""
    # Each run by its column: about the width of a character terminals differ.
    pieces = (
        f"\x1b[{run.start + 1}G{TerminalStrip((run,), len(run.text)).render(console)}"
        for run in shown
    )
    return f"\x1b[{y + 1}H" + "".join(pieces)


def _switched_on(modes: Modes) -> str:
    numbers = [
        number
        for on, number in (
            (modes.application_cursor, 1),
            (modes.bracketed_paste, 2004),
            (modes.focus_events, 1004),
        )
        if on
    ]
    if modes.mouse is not MouseTracking.NONE:
        numbers.append(int(modes.mouse))
        numbers += [_ENCODINGS[modes.mouse_encoding]] if modes.mouse_encoding in _ENCODINGS else []
    switched = "".join(f"\x1b[?{number}h" for number in numbers)
    keypad = "\x1b=" if modes.application_keypad else ""
    keyboard = f"\x1b[>{modes.kitty_keyboard}u" if modes.kitty_keyboard else ""
    return switched + keypad + keyboard


def _cursor(cursor: Cursor) -> str:
    steady = not cursor.blinking
    shape = f"\x1b[{_SHAPES.get(cursor.shape, 1) + steady} q"
    # What no program has changed stays as the user likes it.
    shape = "" if cursor.shape == "block" else shape
    place = f"\x1b[{cursor.row + 1};{cursor.column + 1}H"
    return f"\x1b[0m{place}{shape}\x1b[?25{'h' if cursor.visible else 'l'}"
