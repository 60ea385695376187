"""Reading screens and making emulators, shared by the terminal tests."""

from __future__ import annotations

from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import CellStyle, Emulator

EMULATORS = ("ghostty", "pyte")


def emulator(kind: str, rows: int = 5, columns: int = 20, history: int = 1000) -> Emulator:
    """A fresh one, its first full repaint taken."""
    made = make_emulator(kind, rows, columns, history)
    made.dirty_rows()
    return made


def line(terminal: Emulator, y: int) -> str:
    """The text of row `y`, without the blanks at its end."""
    return "".join(run.text for run in terminal.row(y)).rstrip()


def screen(terminal: Emulator) -> list[str]:
    """The text of the viewport, row by row, without blank rows at the end."""
    rows = [line(terminal, y) for y in range(terminal.rows)]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def style_at(terminal: Emulator, y: int, column: int) -> CellStyle:
    """The style of one cell."""
    return next(run.style for run in terminal.row(y) if run.start <= column < run.end)
