"""Paints the whole app anew in other colours, once more is known of the user's terminal.

What Textual keeps is kept in the colours in which it was first painted: Rich remembers a style's
SGR, a strip its whole text.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter, NoColor
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import OptionList

from vibetui.ui.client import Client
from vibetui.ui.widgets.terminal_styles import ALL_UNDERLINES


class _NoColors(LineFilter):
    """For terminals without colours: dark on light becomes reverse video."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [
            Segment(text, None if style is None else _colorless(style), control)
            for text, style, control in segments
        ]


@lru_cache(maxsize=1024)
def _colorless(style: Style) -> Style:
    text, ground = style.color, style.bgcolor
    dark_on_light = (
        text is not None
        and ground is not None
        and not (text.is_default or ground.is_default)
        and _light(text) < _light(ground)
    )
    return style + _DEFAULTS + (_REVERSE if dark_on_light else Style.null())


_DEFAULTS = Style.from_color(RichColor.default(), RichColor.default())
_REVERSE = Style(reverse=True)


def _light(color: RichColor) -> float:
    return Color.from_rich_color(color).brightness


_as_textual = Strip.render_style


def _render_style(cls: type[Strip], style: Style, text: str, color_system: ColorSystem) -> str:
    style._ansi = cls.render_ansi(style, color_system)
    return _as_textual(style, text, color_system)


def set_colors(app: App[str], client: Client) -> bool:
    """From now on `app` paints for this terminal. Whether that makes a difference."""
    system = client.colors.system
    before = (app.console._color_system, app.console in ALL_UNDERLINES)
    app.console._color_system = system or ColorSystem.STANDARD
    if system is None and not any(isinstance(known, NoColor | _NoColors) for known in app._filters):
        app._filters.append(_NoColors())
    if client.underlines:
        ALL_UNDERLINES.add(app.console)
    return before != (app.console._color_system, client.underlines)


def repaint(app: App[str]) -> None:
    """Paint everything, from nothing that was painted before."""
    Strip.render_style = classmethod(_render_style)  # type: ignore[assignment,method-assign]
    for screen in app.screen_stack:
        for widget in screen.walk_children(Widget, with_self=True):
            if isinstance(widget, OptionList):
                widget._clear_caches()
            widget.notify_style_update()
            widget._styles_cache.clear()
            widget.refresh()
