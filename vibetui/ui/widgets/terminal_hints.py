"""What the key bar says while a pane's keys aren't the program's."""

from __future__ import annotations

from dataclasses import dataclass

from vibetui.terminals.reader import Reader
from vibetui.ui.widgets.key_bar import Hint


@dataclass(frozen=True, slots=True)
class PaneHints:
    """For `KeyBar.show`."""

    lead: str = ""
    hints: tuple[Hint, ...] = ()
    note: str = ""


NO_HINTS = PaneHints()


def _hint(key: str, label: str, pressed: str = "") -> Hint:
    return Hint(key, label, f"focused.press('{pressed or key}')")


_COPYING = (_hint("/", "Search"), _hint("v", "Select"), _hint("y", "Copy"), _hint("q", "Leave"))
_FOUND = (_hint("n", "Next"), _hint("N", "Back"), *_COPYING[1:])
_TYPING = (_hint("enter", "Done"), _hint("↑ ↓", "Next", "up"), _hint("esc", "Cancel", "escape"))
_COPY_MODE = "Copy mode"
_QUERY_SHOWN = 30


def pane_hints(reader: Reader) -> PaneHints:
    """Nothing while keys go to the program, but where the mouse is over a link."""
    finder = reader.finder
    if reader.cursor is None:
        return PaneHints(note=reader.link.url) if reader.link is not None else NO_HINTS
    if finder is not None and finder.typing:
        query = f"Search: {finder.query[-_QUERY_SHOWN:]}▏ {finder.status}"
        return PaneHints(query.rstrip(), _TYPING)
    if finder is not None:
        return PaneHints(_COPY_MODE, _FOUND, finder.status)
    if (link := reader.under_cursor()) is not None:
        return PaneHints(_COPY_MODE, (_hint("f", "Open"), *_COPYING[1:]), link.url)
    return PaneHints(_COPY_MODE, _COPYING)


def copied_note(text: str) -> str:
    """What is said when a text was copied."""
    lines = text.count("\n") + 1
    if lines > 1:
        return f"Copied {lines} lines"
    return "Copied 1 character" if len(text) == 1 else f"Copied {len(text)} characters"
