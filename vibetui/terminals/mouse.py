"""The mouse as reports, where the program has asked for them.

"XTerm Control Sequences", section "Mouse Tracking".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from vibetui.terminals.keyboard import encode_key
from vibetui.terminals.protocol import Modes, MouseEncoding, MouseTracking

WHEEL_LINES = 3
"""Arrow keys, or lines, for one notch of the wheel."""

_SHIFT, _ALT, _CTRL, _MOTION = 4, 8, 16, 32
_WHEEL = 64
_RELEASED = 3
_DEFAULT_LIMIT, _UTF8_LIMIT = 223, 2015


class Button(IntEnum):
    """X11's numbers; ``NONE`` is a motion without a button."""

    NONE = 0
    LEFT = 1
    MIDDLE = 2
    RIGHT = 3
    WHEEL_UP = 4
    WHEEL_DOWN = 5
    WHEEL_LEFT = 6
    WHEEL_RIGHT = 7


class Action(Enum):
    PRESS = auto()
    RELEASE = auto()
    MOTION = auto()


@dataclass(frozen=True, slots=True)
class MouseEvent:
    """What the mouse did over a cell; row and column count from 0."""

    action: Action
    button: Button
    row: int
    column: int
    shift: bool = False
    alt: bool = False
    ctrl: bool = False

    @property
    def is_wheel(self) -> bool:
        return self.button >= Button.WHEEL_UP


def encode_mouse(event: MouseEvent, modes: Modes) -> bytes:
    """The report of `event`, empty where the program hasn't asked for it."""
    if not _wanted(event, modes.mouse):
        return b""
    code = _code(event, modifiers=modes.mouse is not MouseTracking.X10)
    x, y = event.column + 1, event.row + 1
    encoding = modes.mouse_encoding
    if encoding is MouseEncoding.SGR:
        final = "m" if event.action is Action.RELEASE else "M"
        return f"\x1b[<{code};{x};{y}{final}".encode()
    if event.action is Action.RELEASE:
        # Only SGR says which button was let go.
        code = code & ~3 | _RELEASED
    if encoding is MouseEncoding.URXVT:
        return f"\x1b[{code + 32};{x};{y}M".encode()
    limit = _UTF8_LIMIT if encoding is MouseEncoding.UTF8 else _DEFAULT_LIMIT
    if max(x, y) > limit:
        return b""
    values = (code + 32, x + 32, y + 32)
    if encoding is MouseEncoding.UTF8:
        return b"\x1b[M" + "".join(map(chr, values)).encode()
    return b"\x1b[M" + bytes(values)


def encode_wheel_keys(event: MouseEvent, modes: Modes) -> bytes:
    """Arrow keys in place of the wheel, for a full-screen program that takes no mouse."""
    if not (modes.alternate_screen and modes.alternate_scroll):
        return b""
    key = {Button.WHEEL_UP: "up", Button.WHEEL_DOWN: "down"}.get(event.button)
    return encode_key(key, None, modes) * WHEEL_LINES if key else b""


def _wanted(event: MouseEvent, tracking: MouseTracking) -> bool:
    if tracking is MouseTracking.NONE:
        return False
    if event.action is Action.MOTION:
        if tracking is MouseTracking.ANY:
            return True
        return tracking is MouseTracking.BUTTON and event.button is not Button.NONE
    if event.is_wheel and event.action is Action.RELEASE:
        return False
    if tracking is MouseTracking.X10:
        return event.action is Action.PRESS and not event.is_wheel
    return True


def _code(event: MouseEvent, *, modifiers: bool) -> int:
    if event.is_wheel:
        code = _WHEEL + event.button - Button.WHEEL_UP
    elif event.button is Button.NONE:
        code = _RELEASED
    else:
        code = event.button - 1
    if event.action is Action.MOTION:
        code += _MOTION
    if modifiers:
        code += _SHIFT * event.shift + _ALT * event.alt + _CTRL * event.ctrl
    return code
