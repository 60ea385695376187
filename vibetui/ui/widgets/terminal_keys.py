"""A key event of Textual's as the bytes that the program in the container reads."""

from __future__ import annotations

from textual import events

from vibetui.terminals.keyboard import encode_key
from vibetui.terminals.protocol import Modes


def key_event_bytes(event: events.Key, modes: Modes) -> bytes:
    """What is sent for `event`; empty for keys that mean nothing to the program."""
    return encode_key(event.key, event.character, modes)
