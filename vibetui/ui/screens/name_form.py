"""What New and Rename share: a name that is checked while it is typed."""

from __future__ import annotations

from collections.abc import Collection

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from vibetui.ui.names import problem_with
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
