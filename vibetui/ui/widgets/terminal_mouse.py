"""Textual's mouse events as ours."""

from __future__ import annotations

from textual import events
from textual.geometry import Size

from vibetui.terminals.mouse import Action, Button, MouseEvent


def mouse_event(
    event: events.MouseEvent, action: Action, size: Size, button: Button | None = None
) -> MouseEvent:
    """What `event` did in a pane of `size`; a drag that left it is held at its edge."""
    return MouseEvent(
        action=action,
        button=Button(event.button) if button is None else button,
        row=min(max(int(event.y), 0), max(size.height - 1, 0)),
        column=min(max(int(event.x), 0), max(size.width - 1, 0)),
        shift=event.shift,
        alt=event.meta,
        ctrl=event.ctrl,
    )
