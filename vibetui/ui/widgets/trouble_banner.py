"""Says that the core can't be reached, and that it is tried again."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from vibetui.errors import VibeError
from vibetui.ui.styles import stylesheet


class TroubleBanner(Static):
    """Hidden while all is well. A click tries at once."""

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "trouble_banner")

    def show(self, trouble: VibeError | None) -> None:
        """Show `trouble`, or nothing."""
        self.display = trouble is not None
        if trouble is not None:
            self.update(
                Content.assemble(
                    (trouble.message, "bold"),
                    " Your sessions keep running. Trying again and again; ",
                    ("ctrl+r", "bold $primary"),
                    " tries now.",
                )
            )

    async def on_click(self) -> None:
        await self.run_action("screen.try_now")
