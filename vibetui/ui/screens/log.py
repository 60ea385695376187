"""The container's own output, for when something went wrong."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from vibetui.errors import VibeError
from vibetui.model import Session
from vibetui.ui.screens.base import VibeScreen
from vibetui.ui.widgets.key_bar import Hint, KeyBar

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f]")
_HINTS = (
    Hint("esc", "Back", "screen.leave"),
    Hint("↑↓", "Scroll", "screen.leave", enabled=False),
    Hint("r", "Read again", "screen.reload"),
)


class LogScreen(VibeScreen[None]):
    """Reads `Core.session_log` when it opens and when asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "leave", show=False),
        Binding("r", "reload", show=False),
        Binding("question_mark,f1", "app.help", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        yield Static(f"Log of {self._session.name}", classes="bar", markup=False)
        with VerticalScroll(id="log"):
            yield Static(id="log-text", markup=False)
        yield KeyBar(_HINTS)

    def on_mount(self) -> None:
        self.query_one("#log").focus()
        self.action_reload()

    def action_reload(self) -> None:
        """Read the log again."""
        self.run_worker(self._read(), exclusive=True)

    async def _read(self) -> None:
        try:
            text = await self.vibe.core.session_log(self._session.session_id)
        except VibeError as error:
            text = f"{error.message}\n{error.hint}".strip()
        if not self.showing:
            return
        shown = _CONTROL.sub("", text.replace("\r\n", "\n")).rstrip()
        self.query_one("#log-text", Static).update(shown or "The container has said nothing.")
        self.query_one("#log").scroll_end(animate=False)

    def action_leave(self) -> None:
        """Back to where we came from."""
        self.dismiss(None)
