"""The emulators behind the `Emulator` protocol; nothing else knows an emulator library."""

from __future__ import annotations

from vibetui.errors import Invalid
from vibetui.terminals.protocol import Emulator

KINDS = ("auto", "ghostty", "pyte")

__all__ = ["KINDS", "make_emulator"]


def make_emulator(kind: str, rows: int, columns: int, scrollback_lines: int = 10_000) -> Emulator:
    """An emulator of `rows` x `columns` that keeps `scrollback_lines` of history.

    Args:
        kind: ``auto`` takes ghostty where its wheel is installed and loads, else pyte.

    Raises:
        Invalid: `kind` is unknown, or ``ghostty`` was asked for by name and is not to be had.
    """
    # An emulator costs 20-40 ms to import, and one process needs only one of them.
    if kind in ("auto", "ghostty"):
        try:
            from vibetui.terminals.emulators.ghostty import GhosttyEmulator

            return GhosttyEmulator(rows, columns, scrollback_lines)
        except (ImportError, OSError) as error:
            if kind == "ghostty":
                raise Invalid(
                    "The ghostty emulator is not available here.",
                    'Set emulator = "pyte" or "auto".',
                ) from error
    elif kind != "pyte":
        raise Invalid(
            f"There is no emulator called {kind!r}.", f"Choose one of {', '.join(KINDS)}."
        )
    from vibetui.terminals.emulators.pyte import PyteEmulator

    return PyteEmulator(rows, columns, scrollback_lines)
