"""Textual's mouse events as ours."""

from __future__ import annotations

from textual import events

from vibetui.terminals.mouse import Action, Button, MouseEvent
from vibetui.ui.widgets.terminal_window import Window


def mouse_event(
    event: events.MouseEvent, action: Action, window: Window, button: Button | None = None
) -> MouseEvent:
    """What `event` did to the screen of which a pane shows `window`; a drag is held at its edge."""
    row, column = window.cell(int(event.x), int(event.y))
    return MouseEvent(
        action=action,
        button=Button(event.button) if button is None else button,
        row=row,
        column=column,
        shift=event.shift,
        alt=event.meta,
        ctrl=event.ctrl,
    )
