"""An input of one line."""

from __future__ import annotations

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
