"""What the one key that the app keeps opens: a small menu over the terminal."""

from __future__ import annotations

from enum import StrEnum

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from vibetui.ui.prefix import key_name
from vibetui.ui.screens.base import Dialog, TakesKeys


class MenuChoice(StrEnum):
    """What the menu answers."""

    SEND_PREFIX = "send"
    TO_LIST = "list"
    COPY_MODE = "copy"
    SEARCH = "search"
    PASTE = "paste"
    ZOOM = "zoom"
    SHARE = "share"
    STOP = "stop"
    HELP = "help"
    QUIT = "quit"


_KEYS = {
    "d": MenuChoice.TO_LIST,
    "l": MenuChoice.TO_LIST,
    "left_square_bracket": MenuChoice.COPY_MODE,
    "s": MenuChoice.COPY_MODE,
    "slash": MenuChoice.SEARCH,
    "p": MenuChoice.PASTE,
    "z": MenuChoice.ZOOM,
    "S": MenuChoice.SHARE,
    "shift+s": MenuChoice.SHARE,
    "x": MenuChoice.STOP,
    "question_mark": MenuChoice.HELP,
    "f1": MenuChoice.HELP,
    "q": MenuChoice.QUIT,
}


class PrefixMenu(Dialog[MenuChoice], TakesKeys):
    """One key answers; the arrows and enter, or the mouse, do too; escape closes."""

    def __init__(self, prefix: str, *, remote: bool) -> None:
        super().__init__()
        self._prefix = prefix
        self._chosen: MenuChoice | None = None
        self._later: list[events.Key] = []
        """Typed after the choice, and before this menu was there to make it."""
        self._quit = "Disconnect" if remote else "Quit"

    def compose(self) -> ComposeResult:
        rows = (
            ("d", "Back to your sessions", MenuChoice.TO_LIST),
            (self._prefix, f"Send {self._prefix}", MenuChoice.SEND_PREFIX),
            ("[", "Scroll, search and copy", MenuChoice.COPY_MODE),
            ("/", "Search", MenuChoice.SEARCH),
            ("p", "Paste what was copied here", MenuChoice.PASTE),
            ("z", f"Zoom in; {self._prefix} zooms out", MenuChoice.ZOOM),
            ("S", "Share: who else may see this", MenuChoice.SHARE),
            ("x", "Stop this container", MenuChoice.STOP),
            ("?", "All keys", MenuChoice.HELP),
            ("q", f"{self._quit}; the session goes on", MenuChoice.QUIT),
        )
        width = max(len(key) for key, _, _ in rows) + 2
        with Vertical(id="menu"):
            yield Static("Menu", classes="dialog-title")
            yield OptionList(
                *(
                    Option(Content.assemble((key.ljust(width), "bold $primary"), what), choice)
                    for key, what, choice in rows
                ),
                id="menu-rows",
            )
            yield Static("esc back to the terminal", classes="dialog-foot")

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0
        if self._chosen is not None:
            self.call_later(self._answer, self._chosen)

    def take_key(self, event: events.Key) -> bool:
        if self._chosen is not None:
            self._later.append(event)
            return True
        sends = event.key == key_name(self._prefix)
        self._chosen = MenuChoice.SEND_PREFIX if sends else _KEYS.get(event.key)
        if self._chosen is not None and self.is_mounted:
            self._answer(self._chosen)
        return self._chosen is not None

    def _answer(self, choice: MenuChoice) -> None:
        self.dismiss(choice)
        for event in self._later:
            self.app.screen._forward_event(event)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(MenuChoice(event.option_id or ""))
