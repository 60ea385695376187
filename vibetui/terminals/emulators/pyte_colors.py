"""The colours that the pyte screen says it has (OSC 4, 5, 10-19 and 104, 105, 110-119).

Cells keep palette numbers and the user's own terminal paints them; here are only the answers. What
the user's foreground and background are isn't known, so they are told only where a program set
them: a wrong answer makes it choose colours that can't be read.
"""

from __future__ import annotations

import re

_BASE = bytes.fromhex(
    "1d1f21 cc6666 b5bd68 f0c674 81a2be b294bb 8abeb7 c5c8c6"
    " 666666 d54e53 b9ca4a e7c547 7aa6da c397d8 70c0b1 eaeaea"
)
_LEVELS = (0x00, 0x5F, 0x87, 0xAF, 0xD7, 0xFF)
_SPECIAL = 256
"""OSC 5;n is OSC 4;256+n."""
_RGB = re.compile("rgb:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_HASH = re.compile("#(?:([0-9a-fA-F]{3}){1,4})")
_MAX_PAIRS = 300

Rgb = tuple[int, int, int]


class Colors:
    """What was set, and the defaults below it."""

    def __init__(self) -> None:
        self._palette: dict[int, Rgb] = {}
        self._dynamic: dict[int, Rgb] = {}

    def command(self, number: int, rest: str) -> list[str]:
        """Obey one OSC; the bodies of the answers that it asks for."""
        if number in (4, 5):
            return self._indexed(number, rest)
        if 10 <= number <= 19:
            return self._dynamic_colors(number, rest)
        if number in (104, 105):
            self._reset_indexed(_SPECIAL if number == 105 else 0, rest)
        elif 110 <= number <= 119:
            self._dynamic.pop(number - 100, None)
        return []

    def _indexed(self, number: int, rest: str) -> list[str]:
        offset = _SPECIAL if number == 5 else 0
        parts = rest.split(";")[: 2 * _MAX_PAIRS]
        answers: list[str] = []
        for key, spec in zip(parts[::2], parts[1::2], strict=False):
            index = _index(key, offset)
            if index is None:
                continue
            if spec == "?":
                if color := self._palette.get(index) or _default(index):
                    answers.append(f"{number};{key};{_spelled(color)}")
            elif (parsed := parse(spec)) is not None:
                self._palette[index] = parsed
        return answers

    def _dynamic_colors(self, number: int, rest: str) -> list[str]:
        answers: list[str] = []
        for which, spec in enumerate(rest.split(";")[: 20 - number], number):
            if spec == "?":
                if color := self._dynamic.get(which):
                    answers.append(f"{which};{_spelled(color)}")
            elif (parsed := parse(spec)) is not None:
                self._dynamic[which] = parsed
        return answers

    def _reset_indexed(self, offset: int, rest: str) -> None:
        if not rest:
            for index in [i for i in self._palette if (i >= _SPECIAL) == bool(offset)]:
                del self._palette[index]
        for key in rest.split(";"):
            if (chosen := _index(key, offset)) is not None:
                self._palette.pop(chosen, None)


def parse(spec: str) -> Rgb | None:
    """``rgb:r/g/b`` or ``#rgb`` of 1 to 4 digits each, as XParseColor reads them."""
    if found := _RGB.fullmatch(spec):
        red, green, blue = (int(part, 16) * 255 // (16 ** len(part) - 1) for part in found.groups())
        return red, green, blue
    if _HASH.fullmatch(spec):
        size = (len(spec) - 1) // 3
        # The digits are the high ones; what is left out is 0.
        red, green, blue = (
            int(spec[at : at + size].ljust(2, "0")[:2], 16) for at in range(1, len(spec), size)
        )
        return red, green, blue
    return None


def _index(key: str, offset: int) -> int | None:
    if not (key.isascii() and key.isdigit() and len(key) < 4):
        return None
    index = int(key) + offset
    return index if index < _SPECIAL + 8 else None


def _spelled(color: Rgb) -> str:
    return "rgb:" + "/".join(f"{part:02x}{part:02x}" for part in color)


def _default(index: int) -> Rgb | None:
    if index >= _SPECIAL:
        return None
    if index < 16:
        red, green, blue = _BASE[3 * index : 3 * index + 3]
    elif index < 232:
        red, green, blue = (_LEVELS[(index - 16) // size % 6] for size in (36, 6, 1))
    else:
        red = green = blue = 8 + 10 * (index - 232)
    return red, green, blue
