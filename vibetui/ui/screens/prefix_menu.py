"""What the one key that the app keeps opens: a small menu over the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from vibetui.ui.prefix import key_name
from vibetui.ui.screens.base import Dialog, TakesKeys, give_key


class MenuChoice(StrEnum):
    """What the menu answers."""

    SEND_PREFIX = "send"
    TO_LIST = "list"
    COPY_MODE = "copy"
    SEARCH = "search"
    PASTE = "paste"
    ZOOM = "zoom"
    SHARE = "share"
    RECORD = "record"
    STOP = "stop"
    HELP = "help"
    QUIT = "quit"
    NEW_TAB = "new"
    NEXT_TAB = "next"
    PREVIOUS_TAB = "previous"
    GO_TO = "go"
    RENAME_TAB = "rename"
    MOVE_LEFT = "left"
    MOVE_RIGHT = "right"
    SPLIT_COLUMNS = "columns"
    SPLIT_ROWS = "rows"
    OTHER_PANE = "other"
    SHRINK = "shrink"
    GROW = "grow"
    OWN_TAB = "own"
    CLOSE = "close"


_KEYS = {
    "d": MenuChoice.TO_LIST,
    "l": MenuChoice.TO_LIST,
    "left_square_bracket": MenuChoice.COPY_MODE,
    "s": MenuChoice.COPY_MODE,
    "slash": MenuChoice.SEARCH,
    "v": MenuChoice.PASTE,
    "right_square_bracket": MenuChoice.PASTE,
    "z": MenuChoice.ZOOM,
    "S": MenuChoice.SHARE,
    "shift+s": MenuChoice.SHARE,
    "R": MenuChoice.RECORD,
    "shift+r": MenuChoice.RECORD,
    "x": MenuChoice.STOP,
    "question_mark": MenuChoice.HELP,
    "f1": MenuChoice.HELP,
    "q": MenuChoice.QUIT,
    "c": MenuChoice.NEW_TAB,
    "n": MenuChoice.NEXT_TAB,
    "p": MenuChoice.PREVIOUS_TAB,
    "comma": MenuChoice.RENAME_TAB,
    "less_than_sign": MenuChoice.MOVE_LEFT,
    "greater_than_sign": MenuChoice.MOVE_RIGHT,
    "vertical_line": MenuChoice.SPLIT_COLUMNS,
    "percent_sign": MenuChoice.SPLIT_COLUMNS,
    "minus": MenuChoice.SPLIT_ROWS,
    "quotation_mark": MenuChoice.SPLIT_ROWS,
    "o": MenuChoice.OTHER_PANE,
    "left_curly_bracket": MenuChoice.SHRINK,
    "right_curly_bracket": MenuChoice.GROW,
    "m": MenuChoice.OWN_TAB,
    "w": MenuChoice.CLOSE,
} | dict.fromkeys("123456789", MenuChoice.GO_TO)

_CHANGES = frozenset(
    {
        MenuChoice.SEND_PREFIX,
        MenuChoice.PASTE,
        MenuChoice.NEW_TAB,
        MenuChoice.RENAME_TAB,
        MenuChoice.MOVE_LEFT,
        MenuChoice.MOVE_RIGHT,
        MenuChoice.SPLIT_COLUMNS,
        MenuChoice.SPLIT_ROWS,
        MenuChoice.SHRINK,
        MenuChoice.GROW,
        MenuChoice.OWN_TAB,
        MenuChoice.CLOSE,
    }
)
"""What a viewer may not do."""
_OWNERS = frozenset({MenuChoice.STOP, MenuChoice.SHARE, MenuChoice.RECORD})
_OF_TABS = frozenset(
    {MenuChoice.NEXT_TAB, MenuChoice.GO_TO, MenuChoice.MOVE_LEFT, MenuChoice.PREVIOUS_TAB}
)
_OF_PANES = frozenset({MenuChoice.OTHER_PANE, MenuChoice.SHRINK, MenuChoice.OWN_TAB})


@dataclass(frozen=True, slots=True)
class Offers:
    """What there is to choose from."""

    remote: bool = False
    """The terminal is at the other end of an SSH connection."""
    viewer: bool = False
    """Whoever looks may only look."""
    owner: bool = True
    tabs: int = 1
    panes: int = 1
    """Of the tab that is looked at."""

    def allows(self, choice: MenuChoice) -> bool:
        """Whether it is in the menu at all."""
        if choice in _OWNERS and not self.owner:
            return False
        return not (self.viewer and choice in _CHANGES)

    def why_not(self, choice: MenuChoice) -> str:
        """Why it is not in the menu, in a sentence."""
        if choice in _OWNERS:
            return "Only the owner of this session can do that."
        return "You are watching: only those who may type can do that."

    def makes_sense(self, choice: MenuChoice) -> bool:
        """Whether it would do anything now."""
        if choice in _OF_TABS:
            return self.tabs > 1
        return self.panes > 1 or choice not in _OF_PANES


_Row = tuple[str, str, MenuChoice]

_TWO_SIDES = 74
"""Columns from which the two lists stand beside each other."""


class PrefixMenu(Dialog[None], TakesKeys):
    """One key answers; the arrows and enter, or the mouse, do too; escape closes.

    Args:
        chosen: Called as soon as something is chosen, before anybody gets what was typed next;
            with the number of a tab, where that was typed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right", "other_side", show=False),
    ]

    def __init__(
        self, prefix: str, offers: Offers, chosen: Callable[[MenuChoice, int], None]
    ) -> None:
        super().__init__()
        self._prefix = prefix
        self._offers = offers
        self._tell = chosen
        self._chosen: tuple[MenuChoice, int] | None = None
        self._refusal = ""
        self._later: list[events.Key] = []
        """Typed after the choice, and before this menu was there to make it."""

    def _terminal_rows(self) -> tuple[_Row, ...]:
        return (
            ("c", "New tab", MenuChoice.NEW_TAB),
            ("n p", "Next, previous tab", MenuChoice.NEXT_TAB),
            ("1-9", "Go to a tab", MenuChoice.GO_TO),
            (",", "Rename", MenuChoice.RENAME_TAB),
            ("< >", "Move the tab", MenuChoice.MOVE_LEFT),
            ("|", "Split side by side", MenuChoice.SPLIT_COLUMNS),
            ("-", "Split one over the other", MenuChoice.SPLIT_ROWS),
            ("o", "Other pane", MenuChoice.OTHER_PANE),
            ("{ }", "Move the divider", MenuChoice.SHRINK),
            ("m", "Pane to a tab of its own", MenuChoice.OWN_TAB),
            ("w", "Close", MenuChoice.CLOSE),
        )

    def _other_rows(self) -> tuple[_Row, ...]:
        leaves = "Disconnect" if self._offers.remote else "Quit"
        return (
            ("d", "Back to your sessions", MenuChoice.TO_LIST),
            ("[", "Scroll, search and copy", MenuChoice.COPY_MODE),
            ("/", "Search", MenuChoice.SEARCH),
            ("v", "Paste what was copied", MenuChoice.PASTE),
            ("z", f"Zoom; {self._prefix} ends it", MenuChoice.ZOOM),
            (self._prefix, f"Send {self._prefix}", MenuChoice.SEND_PREFIX),
            ("S", "Share", MenuChoice.SHARE),
            ("R", "Record, or stop that", MenuChoice.RECORD),
            ("x", "Stop this container", MenuChoice.STOP),
            ("?", "All keys", MenuChoice.HELP),
            ("q", f"{leaves}; it goes on", MenuChoice.QUIT),
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="menu"):
            with Horizontal(id="menu-sides"):
                yield from self._side("This session", self._other_rows(), "menu-rows")
                yield from self._side("Tabs and panes", self._terminal_rows(), "menu-tabs")
            yield Static(self._refusal, id="menu-note", classes="dialog-foot")

    def _side(self, title: str, rows: tuple[_Row, ...], name: str) -> ComposeResult:
        width = max(len(key) for key, _, _ in rows) + 2
        with Vertical(classes="menu-side"):
            yield Static(title, classes="dialog-title")
            yield OptionList(
                *(
                    Option(
                        Content.assemble((key.ljust(width), "bold $primary"), what),
                        choice,
                        disabled=not self._offers.makes_sense(choice),
                    )
                    for key, what, choice in rows
                    if self._offers.allows(choice)
                ),
                id=name,
            )

    def on_mount(self) -> None:
        self._show_refusal()
        rows = self.query_one("#menu-rows", OptionList)
        rows.highlighted = 0
        rows.focus()
        if self._chosen is not None:
            self.call_later(self._answer, *self._chosen)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < _TWO_SIDES, "-narrow")

    def _show_refusal(self) -> None:
        for note in self.query("#menu-note").results(Static):  # None, before it is composed.
            note.update(self._refusal)
            note.display = bool(self._refusal)

    def action_other_side(self) -> None:
        """To the other list."""
        for rows in self.query(OptionList):
            if not rows.has_focus:
                rows.focus()
                return

    def take_key(self, event: events.Key) -> bool:
        if self._chosen is not None:
            self._later.append(event)
            return True
        sends = event.key == key_name(self._prefix)
        choice = MenuChoice.SEND_PREFIX if sends else _KEYS.get(event.key)
        if choice is None:
            return False
        if not self._offers.allows(choice):
            self._refusal = self._offers.why_not(choice)
            self._show_refusal()
            return True
        self._chosen = choice, int(event.key) if choice is MenuChoice.GO_TO else 0
        if self.is_mounted:
            self._answer(*self._chosen)
        return True

    def _answer(self, choice: MenuChoice, number: int = 0) -> None:
        self.dismiss()
        self._tell(choice, number)
        for event in self._later:
            give_key(self.app, event)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        choice = MenuChoice(event.option_id or "")
        # A row for which a number must be typed goes to the next tab.
        self._answer(MenuChoice.NEXT_TAB if choice is MenuChoice.GO_TO else choice)
