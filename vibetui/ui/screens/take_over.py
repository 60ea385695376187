"""A question at the start, where the same user has the app open elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from vibetui.model import Presence
from vibetui.ui.screens.base import Dialog
from vibetui.ui.wording import connected_from


class TakeOverDialog(Dialog[tuple[Presence, ...]]):
    """Answers which of the others are to leave; None: none of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "leave", show=False),
        Binding("a", "all", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, others: Sequence[Presence], names: dict[str, str], now: datetime) -> None:
        """`names` are those of the sessions, by their ids."""
        super().__init__()
        self._others = tuple(others)
        self._lines = [connected_from(other, names, now) for other in others]

    def compose(self) -> ComposeResult:
        several = len(self._others) > 1
        with Vertical(classes="dialog"):
            yield Static("You are connected already", classes="dialog-title")
            if several:
                yield OptionList(
                    *(Option(line) for line in self._lines), id="others", markup=False, compact=True
                )
            else:
                yield Static(f"{self._lines[0]}.", classes="dialog-text", markup=False)
            yield Static(
                "Taking over ends that connection and continues here, where it was.",
                classes="dialog-label",
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button("↵ Take over", id="take", variant="primary", compact=True)
                if several:
                    yield Button("a Take over all", id="all", compact=True)
                yield Button("b Both", id="both", compact=True)

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#take")
    def _take(self) -> None:
        if len(self._others) == 1:
            self.action_all()
        elif (chosen := self.query_one(OptionList).highlighted) is not None:
            self.dismiss((self._others[chosen],))

    @on(Button.Pressed, "#all")
    def action_all(self) -> None:
        """All of them are to leave."""
        self.dismiss(self._others)

    @on(Button.Pressed, "#both")
    def _both(self) -> None:
        self.dismiss(None)
