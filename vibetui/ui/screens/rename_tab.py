"""A name for a terminal."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from vibetui.ui.screens.base import Dialog
from vibetui.ui.widgets.line_input import LineInput

_MOST_BYTES = 64
"""What the agent keeps."""


class RenameTabDialog(Dialog[str]):
    """Answers the new name; an empty one lets the program name it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._initial = name

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Rename this terminal", classes="dialog-title")
            yield Static("Name; empty: what runs in it", classes="dialog-label")
            yield LineInput(self._initial, id="name", select_on_focus=True)
            yield Static(id="problem", classes="dialog-problem")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Rename", id="yes", variant="primary", compact=True)
                yield Button("Cancel", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @property
    def _typed(self) -> str:
        typed = self.query_one(Input).value
        return "".join(c for c in typed if c.isprintable()).strip()

    @on(Input.Changed)
    def _changed(self) -> None:
        long = len(self._typed.encode()) > _MOST_BYTES
        self.query_one("#problem", Static).update("That is too long." if long else "")
        self.query_one(Input).set_class(long, "-invalid")
        self.query_one("#yes", Button).disabled = long

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _rename(self) -> None:
        if not self.query_one("#yes", Button).disabled:
            self.dismiss(self._typed)

    @on(Button.Pressed, "#no")
    def _no(self) -> None:
        self.dismiss(None)
