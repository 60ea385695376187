"""The one key that the app keeps in a workspace, in its three spellings."""

from __future__ import annotations

_NAMES = {"]": "right_square_bracket", "[": "left_square_bracket", "\\": "backslash"}


def key_name(setting: str) -> str:
    """As Textual names it: ``ctrl+]`` arrives as ``ctrl+right_square_bracket``."""
    modifier, plus, key = setting.rpartition("+")
    return f"{modifier}{plus}{_NAMES.get(key, key)}"


def key_bytes(setting: str) -> bytes:
    """As a terminal sends it: ``ctrl+]`` is 0x1d."""
    modifier, _, key = setting.rpartition("+")
    if modifier == "ctrl" and len(key) == 1:
        return bytes([ord(key.upper()) & 0x1F])
    return key.encode()
