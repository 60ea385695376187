"""A key event of Textual's as the bytes that the program in the container reads."""

from __future__ import annotations

from textual import events

from vibetui.terminals.kitty_keyboard import encode_by_flags
from vibetui.terminals.protocol import Modes
from vibetui.ui.widgets.terminal_input import KeyPress


def key_event_bytes(event: events.Key, modes: Modes) -> bytes:
    """What is sent for `event`; empty for keys that mean nothing to the program."""
    report = event.report if isinstance(event, KeyPress) else None
    return encode_by_flags(report, event.key, event.character, modes)
