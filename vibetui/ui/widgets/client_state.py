"""What the user's terminal is like beside the frame: its cursor and its keyboard."""

from __future__ import annotations

from dataclasses import dataclass

from textual._ansi_sequences import SYNC_END, SYNC_START

_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the terminal shall be.

    Attributes:
        cursor: The (row, column) at which it shows the cursor; None where it shows none.
        shape: DECSCUSR's number; 0 is what the user has chosen.
        keyboard: Flags of the kitty keyboard protocol; 0 leaves the app's own in force.
    """

    cursor: tuple[int, int] | None = None
    shape: int = 0
    keyboard: int = 0


class ClientState:
    """Knows how the terminal is, and writes what makes it as it shall be."""

    def __init__(self) -> None:
        self._now = Wanted()

    def around(self, frame: str, wanted: Wanted) -> str:
        """`frame`, which may be empty, and what has to change with it.

        While a frame is painted the cursor is hidden, or it would be seen running about.
        """
        now, self._now = self._now, wanted
        before = after = ""
        if frame and now.cursor is not None:
            before = _HIDE
        if wanted.shape != now.shape:
            after += f"\x1b[{wanted.shape} q"
        after += _keyboard(now.keyboard, wanted.keyboard)
        if wanted.cursor is not None and (frame or wanted.cursor != now.cursor):
            row, column = wanted.cursor
            after += f"\x1b[{row + 1};{column + 1}H{_SHOW}"
        elif wanted.cursor is None and now.cursor is not None and not frame:
            after += _HIDE
        if (before or after) and frame.startswith(SYNC_START) and frame.endswith(SYNC_END):
            frame = frame[len(SYNC_START) : -len(SYNC_END)]
            before, after = SYNC_START + before, after + SYNC_END
        return f"{before}{frame}{after}"


def _keyboard(now: int, wanted: int) -> str:
    """One entry on the terminal's stack at most, above the app's own."""
    if wanted == now:
        return ""
    if not wanted:
        return "\x1b[<u"
    return f"\x1b[={wanted}u" if now else f"\x1b[>{wanted}u"
