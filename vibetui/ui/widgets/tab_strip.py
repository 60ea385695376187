"""The tabs of a session, in the line of its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from vibetui.ui.styles import stylesheet

_LONGEST = 20
"""Columns of a label."""


@dataclass(frozen=True, slots=True)
class TabLabel:
    """What is said of one tab."""

    text: str
    mark: str = ""
    """Why one might want to look at it."""


_SHOWN = "bold $background on $primary"


class TabStrip(Static):
    """Shows the tabs around the one that is looked at; posts which one is asked for."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tab-strip--tab",
        "tab-strip--mark",
        "tab-strip--more",
    }
    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "tab_strip")
    ALLOW_SELECT = False

    @dataclass
    class Chosen(Message):
        """The tab at `index` was clicked on."""

        index: int

    @dataclass
    class Turned(Message):
        """The wheel asks for the tab that is `by` further."""

        by: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self._labels: tuple[TabLabel, ...] = ()
        self._shown = 0
        self._places: list[tuple[range, int]] = []

    def show(self, labels: Sequence[TabLabel], shown: int) -> None:
        """Replace what is shown; `shown` is the index of the tab that is looked at."""
        if (tuple(labels), shown) != (self._labels, self._shown):
            self._labels, self._shown = tuple(labels), shown
            self._paint()

    def on_resize(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if not self.is_attached or not self._labels:
            return
        tab, mark, more = (
            self.get_visual_style(f"tab-strip--{name}", partial=True)
            for name in ("tab", "mark", "more")
        )
        texts = [_text(at, label) for at, label in enumerate(self._labels)]
        widths = [cell_len(text) + cell_len(label.mark) + 2 for text, label in self._each(texts)]
        seen = visible(widths, self._shown, self.content_size.width)
        self._places, column = [], 1
        pieces = [Content.styled("‹" if seen.start else " ", more)]
        for at in seen:
            # A component's partial style leaves its background out.
            style = _SHOWN if at == self._shown else tab
            label = self._labels[at]
            marked = Content.styled(label.mark, mark) if label.mark else Content()
            piece = Content.assemble(" ", texts[at], marked, " ")
            pieces.append(piece.stylize_before(style))
            self._places.append((range(column, column + widths[at]), at))
            column += widths[at]
        pieces.append(Content.styled("›" if seen.stop < len(self._labels) else " ", more))
        self.update(Content("").join(pieces))

    def _each(self, texts: Sequence[str]) -> list[tuple[str, TabLabel]]:
        return list(zip(texts, self._labels, strict=True))

    def on_click(self, event: events.Click) -> None:
        """Go to what was clicked on."""
        event.stop()
        column = event.x - self.content_region.x + self.region.x
        for place, at in self._places:
            if column in place:
                self.post_message(self.Chosen(at))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The tab before."""
        event.stop()
        self.post_message(self.Turned(-1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The next tab."""
        event.stop()
        self.post_message(self.Turned(1))


def _text(at: int, label: TabLabel) -> str:
    text = label.text
    if cell_len(text) > _LONGEST:
        text = set_cell_size(text, _LONGEST - 1).rstrip() + "…"
    return f"{at + 1} {text}"


def visible(widths: Sequence[int], shown: int, room: int) -> range:
    """The tabs that fit into `room` columns, one at each end being an arrow's, around `shown`."""
    first, end = shown, shown + 1
    left = room - 2 - widths[shown]
    while True:
        before = first > 0 and widths[first - 1] <= left
        after = end < len(widths) and widths[end] <= left
        if after and (not before or end - shown <= shown - first):
            left -= widths[end]
            end += 1
        elif before:
            first -= 1
            left -= widths[first]
        else:
            return range(first, end)
