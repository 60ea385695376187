"""All keys on one page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from vibetui.ui.screens.base import Dialog


def _sections(prefix: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return (
        (
            "Your sessions",
            (
                ("↑ ↓", "choose"),
                ("enter", "open: the container starts if it is stopped"),
                ("n", "new session"),
                ("s · x", "start in the background · stop"),
                ("r · d", "rename · delete, with its /workspace"),
                ("c", "copy, with its /workspace"),
                ("S", "share: who else may see it, or type into it"),
                ("R", "record what its terminals show, or stop that"),
                ("v · space", "show the session's screen, or hide it"),
                ("/", "filter; esc ends it"),
                ("q", "quit; running sessions go on"),
                ("connected twice", "enter takes over · a from all · b both go on"),
            ),
        ),
        (
            "In a session",
            (
                ("every key", f"goes to the container, but {prefix}"),
                (f"{prefix} {prefix}", f"sends {prefix} itself"),
                (f"{prefix} d", "back to your sessions; this one goes on"),
                (f"{prefix} S", "share: who else may see this session, or type into it"),
                (f"{prefix} R", "record what is shown, or stop that"),
                (f"{prefix} x", "stop the container; /workspace is kept"),
                (f"{prefix} q", "disconnect; everything goes on"),
                (f"{prefix} z", f"zoom: the whole terminal; {prefix} ends it"),
            ),
        ),
        (
            "Tabs and panes",
            (
                (f"{prefix} c", "a new tab"),
                (f"{prefix} n · p", "the next tab · the one before; 1 to 9 go to it"),
                (f"{prefix} ,", "rename; empty: what runs in it"),
                (f"{prefix} < · >", "move the tab to the left · to the right"),
                (f"{prefix} | · -", "a second pane beside · below"),
                (f"{prefix} o", "the other pane; a click does it too"),
                (f"{prefix} {{ · }}", "move the divider; then arrows, esc ends it"),
                (f"{prefix} m", "the pane to a tab of its own"),
                (f"{prefix} w", "close; asks where a program runs"),
            ),
        ),
        (
            "Scrolling, marking and pasting",
            (
                ("wheel", "scroll back; any key returns to the prompt"),
                ("shift+page up", "a page back; shift+home to the oldest line"),
                ("drag", "mark and copy; alt+drag a block, shift+click more"),
                ("click twice", "a word or an address; three times a line"),
                ("ctrl+click", "open or copy a link"),
                (f"{prefix} v", "paste what was copied; shift+insert does too"),
                ("shift", "keeps the mouse from a program that takes it"),
            ),
        ),
        (
            "Copy mode",
            (
                (f"{prefix} [", "scroll, search and copy by keys"),
                (f"{prefix} /", "search at once"),
                ("← ↓ ↑ → h j k l", "move; w b e words, 0 ^ $ line, g G ends"),
                ("page up, ctrl+b", "a page up; page down, ctrl+f a page down"),
                ("ctrl+u · ctrl+d", "half a page up · down"),
                ("/ · ?", "search down · up; capitals matter where typed"),
                ("n · N", "the next match · back; ↑ ↓ while typing"),
                ("v or space", "mark; V lines, ctrl+v a block, o other end"),
                ("y or enter", "copy and leave"),
                ("f", "open or copy the link under the cursor"),
                ("q or esc", "leave"),
            ),
        ),
    )


class HelpDialog(Dialog[None]):
    """Scrolls where it doesn't fit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,f1,enter", "leave", show=False)
    ]

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide"):
            yield Static("Keys", classes="dialog-title")
            with VerticalScroll(id="help"):
                for title, keys in _sections(self._prefix):
                    yield Static(title, classes="help-section")
                    yield Static(
                        Content("\n").join(
                            Content.assemble((key.ljust(17), "bold $primary"), what)
                            for key, what in keys
                        )
                    )
            yield Static("esc closes", classes="dialog-foot")
