"""A new name for a session."""

from __future__ import annotations

from collections.abc import Collection

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from vibetui.model import Session
from vibetui.ui.screens.base import Dialog
from vibetui.ui.screens.name_form import NameField


class RenameDialog(Dialog[str]):
    """Answers the new name."""

    def __init__(self, session: Session, taken: Collection[str]) -> None:
        super().__init__()
        self._session = session
        self._taken = set(taken) - {session.name}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(f"Rename {self._session.name}", classes="dialog-title", markup=False)
            yield NameField(self._session.name, self._taken)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Rename", id="yes", variant="primary", compact=True)
                yield Button("Cancel", id="no", compact=True)

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#yes", Button).disabled = bool(self.query_one(NameField).problem)

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _rename(self) -> None:
        field = self.query_one(NameField)
        if not field.problem:
            self.dismiss(field.value)

    @on(Button.Pressed, "#no")
    def _no(self) -> None:
        self.dismiss(None)
