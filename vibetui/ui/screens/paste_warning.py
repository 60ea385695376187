"""A question before several lines are pasted into a program that would run each of them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from vibetui.terminals.paste import first_lines, line_count
from vibetui.ui.screens.base import Dialog

_SHOWN = 6
"""Lines of the text."""


class PasteAnswer(StrEnum):
    """How to paste."""

    AS_IT_IS = "paste"
    AS_ONE_LINE = "join"


class PasteWarning(Dialog[PasteAnswer]):
    """Shows how the text begins. The cautious answer has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p,y", "answer('paste')", show=False),
        Binding("o", "answer('join')", show=False),
        Binding("c,n", "leave", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._count = line_count(text)
        self._shown = first_lines(text, _SHOWN)

    def compose(self) -> ComposeResult:
        shown = [line.expandtabs(4) for line in self._shown]
        if self._count > len(shown):
            shown.append("…")
        with Vertical(classes="dialog"):
            yield Static(f"Paste {self._count} lines?", classes="dialog-title")
            yield Static(
                "The program takes each line as it comes, as if you had pressed enter.",
                classes="dialog-text",
            )
            yield Static("\n".join(shown), id="pasted", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Paste", id="paste", variant="error", compact=True)
                yield Button("Paste as one line", id="join", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        self.query_one("#cancel", Button).focus()

    @on(Button.Pressed, "#paste, #join")
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_answer(event.button.id or "")

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def action_answer(self, answer: str) -> None:
        """Answer with a `PasteAnswer`."""
        self.dismiss(PasteAnswer(answer))
