"""A row of buttons for the ways on; those that are not offered are hidden, not removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Button

from vibetui.ui.styles import stylesheet


class Choice(StrEnum):
    """What a person can decide on a panel."""

    START = "start"
    RECREATE = "recreate"
    SEE_LOG = "see_log"
    CANCEL = "cancel"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Offer:
    """A button as it is to be shown."""

    choice: Choice
    label: str
    enabled: bool = True


class ChoiceRow(Horizontal):
    """Posts `Chosen`. Left and right move between the buttons, beside tab."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "choice_row")

    @dataclass
    class Chosen(Message):
        """A button was pressed."""

        choice: Choice

    def compose(self) -> ComposeResult:
        for choice in Choice:
            button = Button("", id=choice.replace("_", "-"), compact=True)
            button.display = False
            yield button

    def offer(self, offers: Sequence[Offer], *, focus: Choice | None = None) -> None:
        """Show these buttons and no other."""
        wanted = {offer.choice: offer for offer in offers}
        for choice in Choice:
            button = self._button(choice)
            offer = wanted.get(choice)
            button.display = offer is not None
            if offer is not None:
                button.label = offer.label
                button.disabled = not offer.enabled
        if focus is not None:
            self._button(focus).focus()

    def _button(self, choice: Choice) -> Button:
        return self.query_one(f"#{choice.replace('_', '-')}", Button)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Chosen(Choice((event.button.id or "").replace("-", "_"))))
