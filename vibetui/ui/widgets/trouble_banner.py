"""Says that the core can't be reached, and when it is tried again."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from vibetui.errors import VibeError
from vibetui.ui.styles import stylesheet


class TroubleBanner(Static):
    """Hidden while all is well. A click tries at once."""

    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "trouble_banner")

    def show(self, trouble: VibeError | None, delay: float) -> None:
        """Show `trouble`, or nothing; `delay` is seconds until the next attempt."""
        self.display = trouble is not None
        if trouble is not None:
            soon = "now" if delay < 1 else f"in {delay:.0f} s"
            self.update(
                Content.assemble(
                    (trouble.message, "bold"),
                    f" Your sessions keep running. Trying again {soon}; ",
                    ("ctrl+r", "bold $primary"),
                    " tries now.",
                )
            )

    async def on_click(self) -> None:
        await self.run_action("screen.try_now")
