"""Deleting takes the session's name, typed."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from vibetui.model import Session
from vibetui.ui.screens.base import Dialog
from vibetui.ui.widgets.line_input import LineInput


class DeleteDialog(Dialog[bool]):
    """Answers True once the name has been typed and confirmed."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        name = self._session.name
        recordings = ", and so does what was recorded of it" if self._session.recorded else ""
        with Vertical(classes="dialog"):
            yield Static(f"Delete {name}?", classes="dialog-title", markup=False)
            yield Static(
                f"Its container and everything in its /workspace volume go too{recordings}. "
                "This can't be undone.",
                classes="dialog-text",
            )
            yield Static(f"Type {name} to delete it:", classes="dialog-label", markup=False)
            yield LineInput(id="name")
            with Horizontal(classes="dialog-buttons"):
                yield Button("Delete", id="yes", variant="error", compact=True, disabled=True)
                yield Button("Cancel", id="no", compact=True)

    @on(Input.Changed, "#name")
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value != self._session.name

    @on(Input.Submitted, "#name")
    def _entered(self, event: Input.Submitted) -> None:
        if event.value == self._session.name:
            self.dismiss(True)

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def _no(self) -> None:
        self.dismiss(None)
