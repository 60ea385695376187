"""A `CellStyle` as SGR and as a Rich style. Palette colours stay the palette's."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.style import Style

from vibetui.terminals.protocol import CellStyle, Color

RESET = "\x1b[0m"


@lru_cache(maxsize=4096)
def sgr(style: CellStyle, system: ColorSystem = ColorSystem.TRUECOLOR) -> str:
    """The sequence that goes from any style to `style`.

    Args:
        style: To go to.
        system: What the user's terminal has; 256 and true colours come down to it.
    """
    codes = ["0"]
    for on, code in (
        (style.bold, "1"),
        (style.dim, "2"),
        (style.italic, "3"),
        (style.underline, "4"),
        (style.blink, "5"),
        (style.reverse, "7"),
        (style.conceal, "8"),
        (style.strike, "9"),
    ):
        if on:
            codes.append(code)
    for color, foreground in ((style.foreground, True), (style.background, False)):
        if color is not None:
            codes += _rich_color(color).downgrade(system).get_ansi_codes(foreground)
    return f"\x1b[{';'.join(codes)}m"


@lru_cache(maxsize=4096)
def rich_style(style: CellStyle) -> Style:
    """For the rare paths on which Textual takes a strip apart."""
    return Style(
        color=None if style.foreground is None else _rich_color(style.foreground),
        bgcolor=None if style.background is None else _rich_color(style.background),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=bool(style.underline) or None,
        blink=style.blink or None,
        reverse=style.reverse or None,
        conceal=style.conceal or None,
        strike=style.strike or None,
    )


def _rich_color(color: Color) -> RichColor:
    if isinstance(color, tuple):
        return RichColor.from_rgb(*color)
    return RichColor.from_ansi(color or 0)
