"""Keys as the bytes that xterm sends for them.

A key is named as ``ctrl+shift+up``, ``alt+x``, ``f5``, ``right_square_bracket``: modifiers, then a
character or its name. xterm's encoding is in "XTerm Control Sequences", sections "PC-Style Function
Keys" and "Alt and Meta Keys".
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from vibetui.terminals.protocol import Modes

_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4, "meta": 8}
_FOREIGN = frozenset(("super", "hyper"))
"""Held for the window manager; xterm sends nothing with them."""

_CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
_TILDE = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    **dict(zip((f"f{n}" for n in range(5, 13)), (15, 17, 18, 19, 20, 21, 23, 24), strict=True)),
}
_SS3 = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_CONTROL_DIGITS = {"2": 0, "3": 0x1B, "4": 0x1C, "5": 0x1D, "6": 0x1E, "7": 0x1F, "8": 0x7F}


def _character_names() -> dict[str, str]:
    names = {
        unicodedata.name(chr(code)).lower().replace("-", "_").replace(" ", "_"): chr(code)
        for code in range(0x21, 0x7F)
    }
    names |= {
        "space": " ",
        "slash": "/",
        "backslash": "\\",
        "at": "@",
        "minus": "-",
        "plus": "+",
        "underscore": "_",
        # The number pad.
        "decimal": ".",
        "divide": "/",
        "multiply": "*",
        "subtract": "-",
        "add": "+",
        "equal": "=",
        "separator": ",",
    }
    return names


_NAMES = _character_names()


@lru_cache(maxsize=1024)
def parse_key(key: str) -> tuple[frozenset[str], str]:
    """The modifiers and the bare key of `key`; ``ctrl+]`` and its long name come out alike."""
    if key == "+" or key.endswith("++"):
        head, base = key[:-1].rstrip("+"), "+"
    else:
        head, _, base = key.rpartition("+")
    modifiers = frozenset(part for part in head.split("+") if part)
    return modifiers, _NAMES.get(base, base)


def same_key(left: str, right: str) -> bool:
    """Whether two names mean one key."""
    return parse_key(left) == parse_key(right)


def encode_key(key: str, character: str | None, modes: Modes) -> bytes:
    """What the program reads when `key` is pressed; empty for keys that mean nothing to it.

    Args:
        key: Its name.
        character: The text or the control character that it makes, where that is known.
        modes: What the program has switched on; the cursor keys depend on it.
    """
    modifiers, base = parse_key(key)
    if modifiers & _FOREIGN:
        return b""
    if base.startswith("f") and base[1:].isdigit() and 13 <= int(base[1:]) <= 24:
        # A keyboard of twelve function keys makes the next twelve with shift.
        modifiers, base = modifiers | {"shift"}, f"f{int(base[1:]) - 12}"
    if special := _special(base, modifiers, modes):
        return special
    return _text(base, character, modifiers)


def _special(base: str, modifiers: frozenset[str], modes: Modes) -> bytes:
    number = 1 + sum(_MODIFIERS[name] for name in modifiers if name in _MODIFIERS)
    if base in _CURSOR or base in _SS3:
        final = _CURSOR.get(base) or _SS3[base]
        if number > 1:
            return f"\x1b[1;{number}{final}".encode()
        application = base in _SS3 or modes.application_cursor
        return f"\x1b{'O' if application else '['}{final}".encode()
    if base in _TILDE:
        modifier = f";{number}" if number > 1 else ""
        return f"\x1b[{_TILDE[base]}{modifier}~".encode()
    return b""


def _text(base: str, character: str | None, modifiers: frozenset[str]) -> bytes:
    escape = b"\x1b" if modifiers & {"alt", "meta"} else b""
    if base == "enter":
        return escape + b"\r"
    if base == "tab":
        return b"\x1b[Z" if "shift" in modifiers else escape + b"\t"
    if base == "backspace":
        rubout = b"\x08" if "ctrl" in modifiers or character == "\x08" else b"\x7f"
        return escape + rubout
    if base == "escape":
        return escape + b"\x1b"
    if character and "ctrl" not in modifiers:
        return escape + character.encode("utf-8", "replace")
    if character and len(character) == 1 and character < " ":
        return escape + character.encode()
    if len(base) != 1:
        return b""
    if "ctrl" in modifiers:
        return escape + _control(base)
    return escape + (base.upper() if "shift" in modifiers else base).encode("utf-8", "replace")


def _control(char: str) -> bytes:
    lowered = char.lower()
    if "a" <= lowered <= "z" or char in "@[\\]^_":
        return bytes([ord(char) & 0x1F])
    if char in (" ", "`"):
        return b"\0"
    if char in "/-":
        return b"\x1f"
    if char == "?":
        return b"\x7f"
    if char in _CONTROL_DIGITS:
        return bytes([_CONTROL_DIGITS[char]])
    return char.encode("utf-8", "replace")
