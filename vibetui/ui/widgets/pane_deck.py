"""The panes of a session's terminals: those of one tab are seen, the others wait."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.widget import Widget

from vibetui.terminals.layout import Split, Tab
from vibetui.ui.styles import stylesheet
from vibetui.ui.widgets.pane_divider import PaneDivider
from vibetui.ui.widgets.terminal_pane import TerminalPane

MOST = 12
"""Panes that are kept; of more the one that was looked at longest ago is let go."""
STEP = 0.05
"""Of the space, by which a key moves the divider."""


class PaneDeck(Widget):
    """One pane for each terminal that has been looked at.

    Args:
        make: Makes a pane.
    """

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "pane_deck")

    @dataclass
    class Focused(Message):
        """The pane of `terminal` has the keyboard."""

        terminal: int

    @dataclass
    class Divided(Message):
        """The first pane shall have this share of the space."""

        ratio: float

    def __init__(self, make: Callable[[], TerminalPane], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make = make
        self._spare: TerminalPane | None = None
        self._divider = PaneDivider()
        self._panes: dict[int, TerminalPane] = {}
        self._tab: Tab | None = None

    def compose(self) -> ComposeResult:
        # Made with the screen: whoever waits for the first terminal doesn't wait for its pane.
        self._spare = self._make()
        yield self._spare
        self._divider.display = False
        yield self._divider

    @property
    def layout(self) -> Layout:
        """Puts the panes where the deck says."""
        return _SPLIT

    @property
    def room(self) -> Size:
        """All that there is for panes, also while the deck is hidden and has no size."""
        parent = self.parent
        return self.size or (parent.size if isinstance(parent, Widget) else self.size)

    def pane(self, terminal: int) -> TerminalPane | None:
        """Of a terminal that has been looked at."""
        return self._panes.get(terminal)

    @property
    def panes(self) -> dict[int, TerminalPane]:
        """By terminal, the one that was looked at longest ago first."""
        return dict(self._panes)

    def is_seen(self, terminal: int) -> bool:
        """Whether its tab is shown."""
        return self._tab is not None and terminal in self._tab.panes

    def beside(self, terminal: int) -> int | None:
        """The other pane of the tab that is shown, where there is one."""
        if self._tab is None or terminal not in self._tab.panes:
            return None
        return next((one for one in self._tab.panes if one != terminal), None)

    def show(self, tab: Tab, focused: int) -> list[int]:
        """Show `tab`, the keyboard with `focused`. Answers those whose panes show nothing yet."""
        self._tab = tab
        for terminal in (*(pane for pane in tab.panes if pane != focused), focused):
            known = terminal in self._panes
            self._panes[terminal] = self._panes.pop(terminal) if known else self._added()
        for terminal, pane in self._panes.items():
            pane.display = terminal in tab.panes
        self._divider.display = len(tab.panes) > 1
        self._divider.show(tab.split, tab.panes.index(focused))
        # At once: what is typed next is for it.
        self.screen.set_focus(self._panes[focused], scroll_visible=False)
        self._clear_arrangement_cache()
        self.refresh(layout=True)
        return [one for one in tab.panes if self._panes[one].terminal is None]

    def _added(self) -> TerminalPane:
        if self._spare is not None:
            pane, self._spare = self._spare, None
            return pane
        pane = self._make()
        self.mount(pane)
        return pane

    def drop(self, terminal: int) -> None:
        """It is gone, or nobody has looked at it for long."""
        if (pane := self._panes.pop(terminal, None)) is not None:
            pane.show(None)
            pane.remove()

    def surplus(self) -> list[int]:
        """Terminals that are to be let go."""
        waiting = [one for one in self._panes if not self.is_seen(one)]
        return waiting[: max(len(self._panes) - MOST, 0)]

    def size_for(self, terminal: int) -> Size:
        """What its pane has, or will have."""
        if self._tab is None or terminal not in self._tab.panes:
            return self.room
        return self._regions(self.room)[self._tab.panes.index(terminal)].size

    def half(self, split: Split) -> Size:
        """What a second pane beside the one that is seen will have."""
        return _regions(Tab((0, 1), split), self.room)[2].size

    def _regions(self, size: Size) -> tuple[Region, ...]:
        if self._tab is None or len(self._tab.panes) < 2:
            return (size.region,)
        first, _, second = _regions(self._tab, size)
        return first, second

    def places(self, children: Collection[Widget], size: Size) -> list[tuple[Widget, Region]]:
        """Where each of `children` is."""
        tab = self._tab
        if tab is None or len(tab.panes) < 2:
            return [(child, size.region) for child in children if child is not self._divider]
        first, divider, second = _regions(tab, size)
        placed = {self._panes[tab.panes[0]]: first, self._panes[tab.panes[1]]: second}
        return [(child, placed.get(child, divider)) for child in children]  # type: ignore[call-overload]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click gives a pane the keyboard, too."""
        for terminal, pane in self._panes.items():
            if pane is event.widget:
                self.post_message(self.Focused(terminal))

    def on_pane_divider_dragged(self, event: PaneDivider.Dragged) -> None:
        """Tell which share that makes."""
        event.stop()
        if self._tab is None or not self.size:
            return
        at, region = self._tab, self.region
        columns = at.split is Split.COLUMNS
        ratio = (
            (event.x - region.x) / region.width if columns else (event.y - region.y) / region.height
        )
        self.post_message(self.Divided(ratio))


class _SplitLayout(Layout):
    """Puts the panes where the deck says."""

    name = "split"

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: ARG002
    ) -> ArrangeResult:
        assert isinstance(parent, PaneDeck)
        parent.pre_layout(self)
        return [
            WidgetPlacement(region, NULL_OFFSET, Spacing(), child, 0, False, False, False)
            for child, region in parent.places(children, size)
        ]


_SPLIT = _SplitLayout()


def _regions(tab: Tab, size: Size) -> tuple[Region, Region, Region]:
    """Of the first pane, the divider, and the second pane; each has a cell at least."""
    columns = tab.split is Split.COLUMNS
    whole = size.width if columns else size.height
    first = min(max(round((whole - 1) * tab.ratio), 1), max(whole - 2, 1))
    rest = max(whole - first - 1, 0)
    if columns:
        height = size.height
        return (
            Region(0, 0, first, height),
            Region(first, 0, 1, height),
            Region(first + 1, 0, rest, height),
        )
    width = size.width
    return (
        Region(0, 0, width, first),
        Region(0, first, width, 1),
        Region(0, first + 1, width, rest),
    )
