"""SGR parameters (``CSI … m``) onto a `CellStyle` and back, with colons as ITU T.416 has them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from vibetui.terminals.protocol import CellStyle, Color, Underline

_SIMPLE: dict[int, dict[str, Any]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": Underline.SINGLE},
    5: {"blink": True},
    6: {"blink": True},
    7: {"reverse": True},
    8: {"conceal": True},
    9: {"strike": True},
    21: {"underline": Underline.DOUBLE},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": Underline.NONE},
    25: {"blink": False},
    27: {"reverse": False},
    28: {"conceal": False},
    29: {"strike": False},
    39: {"foreground": None},
    49: {"background": None},
    53: {"overline": True},
    55: {"overline": False},
    59: {"underline_color": None},
    **{30 + index: {"foreground": index} for index in range(8)},
    **{40 + index: {"background": index} for index in range(8)},
    **{90 + index: {"foreground": 8 + index} for index in range(8)},
    **{100 + index: {"background": 8 + index} for index in range(8)},
}
_UNDERLINES = {int(kind): kind for kind in Underline}
_TARGETS = {38: "foreground", 48: "background", 58: "underline_color"}


@lru_cache(maxsize=4096)
def apply_sgr(style: CellStyle, params: str) -> CellStyle:
    """`style` after ``CSI params m``; what isn't understood changes nothing."""
    changes: dict[str, Any] = {}
    items = params.split(";")
    index = 0
    while index < len(items):
        item = items[index]
        index += 1
        code, *colons = item.split(":")
        number = _number(code) or 0
        if number == 0 and not colons:
            # Protection and links aren't SGR's.
            style, changes = type(style)(link=style.link), {}
        elif number in _TARGETS:
            if colons:
                color, known = _colon_color(colons)
            else:
                color, known, eaten = _semicolon_color(items[index : index + 4])
                index += eaten
            if known:
                changes[_TARGETS[number]] = color
        elif number == 4 and colons:
            changes["underline"] = _UNDERLINES.get(_number(colons[0]) or 0, Underline.SINGLE)
        elif number in _SIMPLE and not colons:
            changes.update(_SIMPLE[number])
    return replace(style, **changes) if changes else style


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 6 else None


def _colon_color(parts: list[str]) -> tuple[Color, bool]:
    numbers = [_number(part) for part in parts]
    if numbers[0] == 5 and len(numbers) >= 2:
        return _palette(numbers[1])
    if numbers[0] == 2 and len(numbers) >= 4:
        # 2:r:g:b as xterm first had it, 2:colour-space:r:g:b as T.416 says.
        return _rgb(numbers[2:5] if len(numbers) >= 5 else numbers[1:4])
    return None, False


def _semicolon_color(items: list[str]) -> tuple[Color, bool, int]:
    numbers = [_number(item) if item else 0 for item in items]
    if numbers and numbers[0] == 5:
        color, known = _palette(numbers[1] if len(numbers) > 1 else None)
        return color, known, 2
    if numbers and numbers[0] == 2:
        color, known = _rgb(numbers[1:4])
        return color, known, 4
    return None, False, 1


def _palette(number: int | None) -> tuple[Color, bool]:
    return (number, True) if number is not None and number < 256 else (None, False)


def _rgb(numbers: list[int | None]) -> tuple[Color, bool]:
    values = [number or 0 for number in numbers]
    if len(values) == 3 and all(value < 256 for value in values):
        return (values[0], values[1], values[2]), True
    return None, False


def sgr_of(style: CellStyle) -> str:
    """Parameters that make `style` of the default (DECRQSS)."""
    parts = ["0"]
    parts += [str(number) for number, name in _FLAGS if getattr(style, name)]
    if style.underline:
        kind = int(style.underline)
        parts.append("4" if kind == Underline.SINGLE else f"4:{kind}")
    for base, color in ((30, style.foreground), (40, style.background)):
        parts += _color_parameters(base, color)
    if style.underline_color is not None:
        parts += _color_parameters(50, style.underline_color, palette_only=True)
    return ";".join(parts)


_FLAGS = (
    (1, "bold"),
    (2, "dim"),
    (3, "italic"),
    (5, "blink"),
    (7, "reverse"),
    (8, "conceal"),
    (9, "strike"),
    (53, "overline"),
)


def _color_parameters(base: int, color: Color, *, palette_only: bool = False) -> list[str]:
    if color is None:
        return []
    if isinstance(color, tuple):
        return [f"{base + 8}:2::{color[0]}:{color[1]}:{color[2]}"]
    if color < 8 and not palette_only:
        return [str(base + color)]
    if color < 16 and not palette_only:
        return [str(base + 60 + color - 8)]
    return [f"{base + 8}:5:{color}"]
