"""What New, Rename and Copy share: a name that is checked while it is typed."""

from __future__ import annotations

from collections.abc import Collection

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from vibetui.ui.names import problem_with
from vibetui.ui.screens.base import Dialog
from vibetui.ui.widgets.line_input import LineInput


class NameField(Vertical):
    """An input and, below it, what is wrong with what it says."""

    def __init__(self, value: str, taken: Collection[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._initial = value
        self._taken = taken

    def compose(self) -> ComposeResult:
        yield Static("Name", classes="dialog-label")
        yield LineInput(self._initial, id="name", select_on_focus=True)
        yield Static(id="problem", classes="dialog-problem", markup=False)

    @property
    def value(self) -> str:
        """What has been typed."""
        return self.query_one(Input).value.strip()

    @property
    def problem(self) -> str:
        """What is wrong with it, or an empty string."""
        return problem_with(self.value, self._taken)

    def on_input_changed(self) -> None:
        problem = self.problem
        self.query_one("#problem", Static).update(problem)
        self.query_one(Input).set_class(bool(problem), "-invalid")


class NameDialog(Dialog[str]):
    """Answers a name that can be used.

    Args:
        title: What the name is for.
        verb: What is on the button.
        name: The one to begin with.
        taken: Names that can't be used.
    """

    def __init__(self, title: str, verb: str, name: str, taken: Collection[str]) -> None:
        super().__init__()
        self._title = title
        self._verb = verb
        self._first = name
        self._taken = taken

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._title, classes="dialog-title", markup=False)
            yield NameField(self._first, self._taken)
            with Horizontal(classes="dialog-buttons"):
                yield Button(self._verb, id="yes", variant="primary", compact=True)
                yield Button("Cancel", id="no", compact=True)

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#yes", Button).disabled = bool(self.query_one(NameField).problem)

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _take(self) -> None:
        field = self.query_one(NameField)
        if not field.problem:
            self.dismiss(field.value)

    @on(Button.Pressed, "#no")
    def _no(self) -> None:
        self.dismiss(None)
