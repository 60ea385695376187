"""How the terminals of a session are shown: tabs in their order, some split in two panes.

Kept as a small JSON text by the container's agent, which doesn't read it. Whoever reads it does so
tolerantly: several clients, of several ages, write it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

MOST_BYTES = 4096
"""What the agent keeps."""
LEAST_RATIO, LARGEST_RATIO = 0.1, 0.9
_HALF = 0.5


class Split(StrEnum):
    """How the two panes of a tab are put."""

    COLUMNS = "columns"
    """Side by side."""
    ROWS = "rows"
    """One over the other."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One or two terminals that are seen at once."""

    panes: tuple[int, ...]
    split: Split = Split.COLUMNS
    ratio: float = _HALF
    """The first pane's share of the space."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Every terminal is in exactly one tab."""

    tabs: tuple[Tab, ...] = ()

    @classmethod
    def read(cls, text: str, running: Iterable[int]) -> Layout:
        """What `text` says of the terminals that there are; those it doesn't name come last."""
        left = dict.fromkeys(running)
        tabs: list[Tab] = []
        for said in _said(text):
            panes = [pane for pane in dict.fromkeys(said.panes) if pane in left]
            for first in range(0, len(panes), 2):
                tabs.append(replace(said, panes=tuple(panes[first : first + 2])))
            for pane in panes:
                del left[pane]
        return cls((*tabs, *(Tab((terminal,)) for terminal in left)))

    def text(self) -> str:
        """For `read`, at most `MOST_BYTES` long: sizes, then tabs at the end are left out."""
        tabs = [_as_json(tab) for tab in self.tabs]
        text = _dumped(tabs)
        if len(text) > MOST_BYTES:
            for tab in tabs:
                tab.pop("ratio", None)
            text = _dumped(tabs)
        while len(text) > MOST_BYTES:
            tabs.pop()
            text = _dumped(tabs)
        return text

    @property
    def terminals(self) -> tuple[int, ...]:
        """All of them, as they are shown."""
        return tuple(pane for tab in self.tabs for pane in tab.panes)

    def index(self, terminal: int) -> int | None:
        """Of the tab that shows `terminal`."""
        places = (i for i, tab in enumerate(self.tabs) if terminal in tab.panes)
        return next(places, None)

    def tab(self, terminal: int) -> Tab | None:
        """The tab that shows `terminal`."""
        at = self.index(terminal)
        return None if at is None else self.tabs[at]

    def moved(self, terminal: int, by: int) -> Layout:
        """Its tab is so many places further to the right; the ends are the ends."""
        at = self.index(terminal)
        if at is None:
            return self
        tabs = list(self.tabs)
        tab = tabs.pop(at)
        tabs.insert(max(at + by, 0), tab)
        return Layout(tuple(tabs))

    def joined(self, terminal: int, beside: int, split: Split) -> Layout:
        """`terminal` is the second pane of the tab of `beside`, where that has one pane."""
        host = self.tab(beside)
        known = terminal in self.terminals and terminal != beside
        if host is None or not known or len(host.panes) > 1:
            return self
        rest = self._without(terminal)
        joined = Tab((beside, terminal), split)
        return Layout(tuple(joined if beside in tab.panes else tab for tab in rest))

    def parted(self, terminal: int) -> Layout:
        """`terminal` has a tab of its own, behind the one that it was in."""
        at = self.index(terminal)
        if at is None or len(self.tabs[at].panes) == 1:
            return self
        tabs = list(self._without(terminal))
        tabs.insert(at + 1, Tab((terminal,)))
        return Layout(tuple(tabs))

    def resized(self, terminal: int, ratio: float) -> Layout:
        """The first pane of its tab has this share of the space."""
        ratio = round(min(max(ratio, LEAST_RATIO), LARGEST_RATIO), 3)
        return Layout(
            tuple(replace(tab, ratio=ratio) if terminal in tab.panes else tab for tab in self.tabs)
        )

    def _without(self, terminal: int) -> Iterator[Tab]:
        for tab in self.tabs:
            if panes := tuple(pane for pane in tab.panes if pane != terminal):
                yield replace(tab, panes=panes)


def _dumped(tabs: list[dict[str, object]]) -> str:
    return json.dumps({"tabs": tabs}, separators=(",", ":"))


def _as_json(tab: Tab) -> dict[str, object]:
    said: dict[str, object] = {"panes": tab.panes}
    if len(tab.panes) > 1:
        said["split"] = tab.split.value
        if tab.ratio != _HALF:
            said["ratio"] = tab.ratio
    return said


def _said(text: str) -> Iterator[Tab]:
    try:
        said = json.loads(text[:MOST_BYTES])
    except (ValueError, RecursionError):
        return
    tabs = said.get("tabs") if isinstance(said, dict) else None
    for tab in tabs if isinstance(tabs, list) else ():
        if isinstance(tab, dict):
            yield _tab(tab)


def _tab(said: dict[object, object]) -> Tab:
    panes, ratio = said.get("panes"), said.get("ratio")
    numbers = panes if isinstance(panes, list) else ()
    share = ratio if isinstance(ratio, float) and ratio == ratio else _HALF
    return Tab(
        tuple(pane for pane in numbers if type(pane) is int),
        Split.ROWS if said.get("split") == Split.ROWS else Split.COLUMNS,
        min(max(share, LEAST_RATIO), LARGEST_RATIO),
    )
