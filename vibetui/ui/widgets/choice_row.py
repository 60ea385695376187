"""A row of buttons for the ways on; those that are not offered are hidden, not removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from textual import on
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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._buttons: dict[Choice, Button] = {}
        self._preferred: Choice | None = None

    def offer(self, offers: Sequence[Offer], *, focus: Choice | None = None) -> None:
        """Show these buttons and no other; `focus` is what enter chooses from this moment on."""
        self._preferred = focus
        wanted = {offer.choice: offer for offer in offers}
        buttons = self._built()
        for choice, button in buttons.items():
            offer = wanted.get(choice)
            button.display = offer is not None
            if offer is not None:
                button.label = offer.label
                button.disabled = not offer.enabled
        if focus is not None:
            button = buttons[focus]
            # One that has just been made takes the focus once it is there; enter doesn't wait.
            button.focus() if button.is_mounted else self.call_after_refresh(button.focus)

    def press_preferred(self) -> None:
        """Enter came while the button that it is for could not have the focus yet."""
        if self._preferred is not None:
            self.post_message(self.Chosen(self._preferred))

    def _built(self) -> dict[Choice, Button]:
        """The buttons; made when first offered, for most rows are never seen (3 ms a button)."""
        if not self._buttons:
            for choice in Choice:
                button = Button("", id=choice.replace("_", "-"), compact=True)
                self._buttons[choice] = button
            self.mount_all(self._buttons.values())
        return self._buttons

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Chosen(Choice((event.button.id or "").replace("-", "_"))))
