"""Emulators, keys and the mouse as bytes, selection and search; `Terminal`, one live shell."""

from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.joining import ENVIRONMENT, TerminalSettings
from vibetui.terminals.protocol import (
    CellStyle,
    Color,
    Cursor,
    Emulator,
    Modes,
    MouseEncoding,
    MouseTracking,
    Run,
)
from vibetui.terminals.terminal import Terminal

__all__ = [
    "ENVIRONMENT",
    "CellStyle",
    "Color",
    "Cursor",
    "Emulator",
    "Modes",
    "MouseEncoding",
    "MouseTracking",
    "Run",
    "Terminal",
    "TerminalSettings",
    "make_emulator",
]
