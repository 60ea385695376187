"""What every screen of ours has: the app by its own type, and dialogs that answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen, ScreenResultType

if TYPE_CHECKING:
    from vibetui.ui.app import VibeApp

Answer = TypeVar("Answer")


class TakesKeys:
    """A screen that takes keys while they are still in order.

    Once given to a widget a key waits in a queue; what was typed after it may be looked at first,
    and by a screen that it was not meant for. Over a link that stalls many keys come in one piece.
    """

    def take_key(self, event: events.Key) -> bool:
        """Whether `event` was this screen's, and nobody else gets it."""
        raise NotImplementedError


def give_key(app: App[Any], event: events.Key) -> None:
    """Give a key that was kept to the screen that is in front now."""
    screen = app.screen
    if not (isinstance(screen, TakesKeys) and screen.take_key(event)):
        screen._forward_event(event)


class VibeScreen(Screen[ScreenResultType], Generic[ScreenResultType], inherit_bindings=False):
    """A full screen. Inherits none of Textual's keys but tab, and gives the focus itself."""

    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    @property
    def vibe(self) -> VibeApp:
        """The app."""
        return cast("VibeApp", self.app)

    @property
    def showing(self) -> bool:
        """Composed and not on its way out: its widgets are there."""
        return self.is_mounted and self.is_attached and self.display


class Dialog(ModalScreen[Answer], Generic[Answer], inherit_bindings=False):
    """A small window over a screen; escape answers None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
        Binding("escape,ctrl+c", "leave", show=False),
    ]

    @property
    def vibe(self) -> VibeApp:
        """The app."""
        return cast("VibeApp", self.app)

    def action_leave(self) -> None:
        """Answer nothing."""
        self.dismiss(None)
