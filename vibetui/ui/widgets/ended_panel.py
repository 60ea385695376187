"""What is said over the terminal when it has come to an end, and the ways on."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from vibetui.ui.styles import stylesheet
from vibetui.ui.widgets.choice_row import ChoiceRow, Offer


class EndedPanel(Vertical):
    """A title, a sentence, and buttons (`ChoiceRow.Chosen`), the first of them focused."""

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "ended_panel")

    def compose(self) -> ComposeResult:
        yield Static(id="ended-title", markup=False)
        yield Static(id="ended-text", markup=False)
        yield ChoiceRow(id="ended-choices")

    def say(self, title: str, text: str, offers: Sequence[Offer]) -> None:
        """Show this."""
        self.query_one("#ended-title", Static).update(title)
        self.query_one("#ended-text", Static).update(text)
        self.query_one(ChoiceRow).offer(offers, focus=offers[0].choice)
