"""An input of one line."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """Its cursor doesn't blink: that would send something over the wire twice a second."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        select_on_focus: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(
            value, placeholder=placeholder, select_on_focus=select_on_focus, id=id, compact=True
        )
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        """Keys act in the order in which they were pressed.

        Textual looks a binding up only after its key has bubbled to the app, so that letters
        typed right behind ctrl+u were erased by it.
        """
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if not event.is_printable:
                event.stop()
                event.prevent_default()
                await self.app.run_action(binding.action, default_namespace=self)
                return
        await super()._on_key(event)
