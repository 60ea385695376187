"""Keys in the encoding of the kitty keyboard protocol, for programs that have asked for it.

Source: "Comprehensive keyboard handling in terminals" (sw.kovidgoyal.net/kitty/keyboard-protocol).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import lru_cache

from vibetui.terminals.keyboard import encode_key, parse_key
from vibetui.terminals.protocol import Modes


class Flags(IntFlag):
    """The protocol's progressive enhancements."""

    DISAMBIGUATE = 1
    EVENT_TYPES = 2
    ALTERNATES = 4
    ALL_KEYS = 8
    TEXT = 16


ENCODING = Flags.DISAMBIGUATE | Flags.EVENT_TYPES | Flags.ALL_KEYS
"""Without any of these keys are sent as of old."""


class KeyEvent(IntEnum):
    PRESS = 1
    REPEAT = 2
    RELEASE = 3


SHIFT, ALT, CTRL, SUPER, HYPER, META, CAPS_LOCK, NUM_LOCK = (1 << bit for bit in range(8))
_LOCKS = CAPS_LOCK | NUM_LOCK

ENTER, TAB, BACKSPACE, ESCAPE = 13, 9, 127, 27


@dataclass(frozen=True, slots=True)
class KeyReport:
    """All that a terminal says about a key.

    Attributes:
        code: The key's character without modifiers, or its number among the functional keys.
        final: ``u``, ``~`` or the letter that ends its sequence.
        modifiers: The protocol's bits, from 0.
        shifted: What shift makes of it; 0 where that isn't said.
        base: The key in its place on a US keyboard; 0 where that isn't said.
        text: What it types.
    """

    code: int
    final: str = "u"
    modifiers: int = 0
    event: KeyEvent = KeyEvent.PRESS
    shifted: int = 0
    base: int = 0
    text: str = ""

    @property
    def is_modifier(self) -> bool:
        """A key such as shift by itself."""
        return self.final == "u" and (self.code in _LOCK_KEYS or self.code in _MODIFIER_KEYS)

    @property
    def is_line_key(self) -> bool:
        """Enter, tab or backspace."""
        return self.final == "u" and self.code in (ENTER, TAB, BACKSPACE)

    @property
    def held(self) -> int:
        """The modifiers but for caps lock and num lock."""
        return self.modifiers & ~_LOCKS

    @property
    def is_character(self) -> bool:
        """It stands for a character, and not for a function."""
        return self.final == "u" and self.code not in _CONTROLS and self.code not in _PRIVATE


_CONTROLS = frozenset((ENTER, TAB, BACKSPACE, ESCAPE))
_PRIVATE = range(57344, 63744)
_LOCK_KEYS = range(57358, 57361)
_MODIFIER_KEYS = range(57441, 57455)

_REPORT = re.compile(
    r"\x1b\[(?P<code>\d{1,7})(?::(?P<shifted>\d{0,7})(?::(?P<base>\d{1,7}))?)?"
    r"(?:;(?P<modifiers>\d{0,3})(?::(?P<event>\d))?(?:;(?P<text>[\d:]{0,60}))?)?(?P<final>[u~A-HPQS])"
)
_OTHER_KEYS = re.compile(r"\x1b\[27;(\d{1,3});(\d{1,7})~")


def parse_report(sequence: str) -> KeyReport | None:
    """The key that a CSI sequence reports; None where it reports none.

    xterm's modifyOtherKeys (``CSI 27 ; modifiers ; code ~``) is understood too.
    """
    if match := _OTHER_KEYS.fullmatch(sequence):
        code = int(match[2])
        return KeyReport(code, modifiers=max(int(match[1]) - 1, 0)) if _is_code(code) else None
    if (match := _REPORT.fullmatch(sequence)) is None:
        return None
    text = [int(part) for part in (match["text"] or "").split(":") if part]
    numbers = [int(match[name] or 0) for name in ("code", "shifted", "base")]
    if not all(map(_is_code, (*numbers, *text))) or match["event"] not in (None, "1", "2", "3"):
        return None
    code, shifted, base = numbers
    return KeyReport(
        code=code,
        final=match["final"],
        modifiers=max(int(match["modifiers"] or 1) - 1, 0),
        event=KeyEvent(int(match["event"] or 1)),
        shifted=shifted,
        base=base,
        text="".join(map(chr, text)),
    )


def _is_code(code: int) -> bool:
    return code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF


_LETTERS = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
_FUNCTIONS = {"f1": (1, "P"), "f2": (1, "Q"), "f3": (13, "~"), "f4": (1, "S")}
_NUMBERED = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6} | dict(
    zip((f"f{n}" for n in range(5, 13)), (15, 17, 18, 19, 20, 21, 23, 24), strict=True)
)
_NAMED_CONTROLS = {"enter": ENTER, "tab": TAB, "backspace": BACKSPACE, "escape": ESCAPE}
_BITS = {"shift": SHIFT, "alt": ALT, "ctrl": CTRL, "super": SUPER, "hyper": HYPER, "meta": META}


@lru_cache(maxsize=1024)
def report_of(key: str, character: str | None) -> KeyReport | None:
    """What can be said about a key of which only the name is known; None where it has no number."""
    names, base = parse_key(key)
    modifiers = sum(_BITS.get(name, 0) for name in names)
    if base in _LETTERS:
        return KeyReport(1, _LETTERS[base], modifiers)
    if base in _FUNCTIONS:
        return KeyReport(*_FUNCTIONS[base], modifiers)
    if base in _NUMBERED:
        return KeyReport(_NUMBERED[base], "~", modifiers)
    if base.startswith("f") and base[1:].isdigit() and 13 <= int(base[1:]) <= 35:
        return KeyReport(57363 + int(base[1:]), "u", modifiers)
    if base in _NAMED_CONTROLS:
        return KeyReport(_NAMED_CONTROLS[base], "u", modifiers)
    if len(base) != 1:
        return None
    if character == "\0":
        base = " "  # Which of ctrl+space and ctrl+@ it was, the byte doesn't say.
    lowered = base.lower()
    shifted = 0
    if len(lowered) == 1 and lowered != base:
        modifiers, shifted = modifiers | SHIFT, ord(base)
        base = lowered
    types = character if character and character >= " " and not modifiers & ~SHIFT else ""
    return KeyReport(ord(base), "u", modifiers, shifted=shifted, text=types)


def encode_report(report: KeyReport, flags: Flags) -> bytes:
    """What the program reads for a key; empty for what it hasn't asked to hear of.

    Args:
        report: The key.
        flags: What the program has set, one of `ENCODING` at least.
    """
    if not _reported(report, flags):
        return b""
    if Flags.ALL_KEYS not in flags and report.event is not KeyEvent.RELEASE:
        if text := _typed(report):
            return text.encode("utf-8", "replace")
        if report.is_line_key and not report.held:
            return bytes((report.code,))
    return _sequence(report, flags).encode()


def _reported(report: KeyReport, flags: Flags) -> bool:
    everything = Flags.ALL_KEYS in flags
    if report.event is KeyEvent.RELEASE:
        # Line keys stay as they were: a program that crashed must not leave a shell of no use.
        return Flags.EVENT_TYPES in flags and (everything or not report.is_line_key)
    return everything or not report.is_modifier


def _typed(report: KeyReport) -> str:
    if report.text or not report.is_character or report.held & ~SHIFT:
        return report.text
    char = chr(report.code)
    if not report.held:
        return char
    return chr(report.shifted) if report.shifted else char.upper()


def _sequence(report: KeyReport, flags: Flags) -> str:
    code = str(report.code)
    if Flags.ALTERNATES in flags and report.final == "u":
        shifted = report.shifted if report.modifiers & SHIFT else 0
        if shifted or report.base:
            code += f":{shifted or ''}"
        if report.base:
            code += f":{report.base}"
    event = ""
    if Flags.EVENT_TYPES in flags and report.event is not KeyEvent.PRESS:
        event = f":{int(report.event)}"
    modifiers = f"{report.modifiers + 1}{event}" if report.modifiers or event else ""
    text = ""
    if Flags.TEXT | Flags.ALL_KEYS in flags and report.event is not KeyEvent.RELEASE:
        text = ":".join(str(ord(char)) for char in report.text)
    if text:
        return f"\x1b[{code};{modifiers};{text}{report.final}"
    if modifiers:
        return f"\x1b[{code};{modifiers}{report.final}"
    return f"\x1b[{'' if report.code == 1 and report.final not in 'u~' else code}{report.final}"


def encode_by_flags(
    report: KeyReport | None, key: str, character: str | None, modes: Modes
) -> bytes:
    """What the program reads for a key, in whichever encoding it has asked for.

    Args:
        report: What the user's terminal said about it, where it speaks the protocol.
        key: Its name.
        character: What it makes, where that is known.
        modes: What the program has switched on.
    """
    flags = Flags(modes.kitty_keyboard & 31)
    if not flags & ENCODING:
        return encode_key(key, character, modes)
    report = report or report_of(key, character)
    return b"" if report is None else encode_report(report, flags)
