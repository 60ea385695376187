"""A `CellStyle` as SGR and as a Rich style. Palette colours stay the palette's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from string import punctuation
from urllib.parse import quote
from weakref import WeakSet
from zlib import crc32

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style

from vibetui.terminals.protocol import CellStyle, Color, Run, Underline

RESET = "\x1b[0m"
_MOST_PARAMETERS = 16
"""Of one sequence; Ghostty drops it whole where it has more than 24, older terminals sooner."""
_LONGEST_LINK = 2083
"""Characters; terminals cut or drop what is longer."""

ALL_UNDERLINES: WeakSet[Console] = WeakSet()
"""The consoles whose terminal has every kind of underline."""


def painted(run: Run, system: ColorSystem, all_underlines: bool) -> str:
    """A run from any style before it, with its link."""
    text = f"{sgr(run.style, system, all_underlines)}{run.text}"
    if not run.style.link or system is ColorSystem.STANDARD:
        return text  # What has 16 colours may print an OSC 8 instead of taking it.
    before, after = link_ends(run.style.link)
    return f"{before}{text}{after}"


@lru_cache(maxsize=4096)
def sgr(
    style: CellStyle,
    system: ColorSystem = ColorSystem.TRUECOLOR,
    all_underlines: bool = False,
) -> str:
    """The sequence that goes from any style to `style`; a link isn't in it.

    Args:
        style: To go to.
        system: What the user's terminal has; 256 and true colours come down to it.
        all_underlines: It has all kinds of them and their colours; otherwise one does for all.
    """
    codes = ["0"]
    for on, code in (
        (style.bold, "1"),
        (style.dim, "2"),
        (style.italic, "3"),
        (style.underline, _underline(style.underline, all_underlines)),
        (style.blink, "5"),
        (style.reverse, "7"),
        (style.conceal, "8"),
        (style.strike, "9"),
        (style.overline, "53"),
    ):
        if on:
            codes.append(code)
    groups = [codes]
    for color, foreground in ((style.foreground, True), (style.background, False)):
        if color is not None:
            groups.append([*_rich_color(color).downgrade(system).get_ansi_codes(foreground)])
    if style.underline and style.underline_color is not None and all_underlines:
        groups.append([_underline_color(style.underline_color, system)])
    return _sequences(groups)


def _sequences(groups: Sequence[Sequence[str]]) -> str:
    """One SGR, or one for each group where it would be longer than every terminal takes."""
    whole = ";".join(code for group in groups for code in group)
    if whole.count(";") + whole.count(":") < _MOST_PARAMETERS:
        return f"\x1b[{whole}m"
    return "".join(f"\x1b[{';'.join(group)}m" for group in groups)


def _underline(kind: Underline, all_underlines: bool) -> str:
    return f"4:{int(kind)}" if all_underlines and kind > Underline.SINGLE else "4"


def _underline_color(color: Color, system: ColorSystem) -> str:
    found = _rich_color(color).downgrade(system)
    if found.triplet is not None:
        return "58:2::{}:{}:{}".format(*found.triplet)
    return f"58:5:{found.number}"


@lru_cache(maxsize=1024)
def link_ends(link: str) -> tuple[str, str]:
    """OSC 8 before and after a run that leads somewhere; what can't be sent safely leads nowhere.

    Runs of one link have one id, so that the terminal lights them up together.
    """
    if not link or len(link) > _LONGEST_LINK or not link.isprintable():
        return "", ""
    uri = quote(link, safe=punctuation)
    return f"\x1b]8;id=v{crc32(uri.encode()):08x};{uri}\x1b\\", "\x1b]8;;\x1b\\"


@lru_cache(maxsize=4096)
def rich_style(style: CellStyle) -> Style:
    """For the rare paths on which Textual takes a strip apart."""
    return Style(
        color=None if style.foreground is None else _rich_color(style.foreground),
        bgcolor=None if style.background is None else _rich_color(style.background),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline not in (Underline.NONE, Underline.DOUBLE) or None,
        underline2=style.underline is Underline.DOUBLE or None,
        blink=style.blink or None,
        reverse=style.reverse or None,
        conceal=style.conceal or None,
        strike=style.strike or None,
        overline=style.overline or None,
    )


def _rich_color(color: Color) -> RichColor:
    if isinstance(color, tuple):
        return RichColor.from_rgb(*color)
    return RichColor.from_ansi(color or 0)
