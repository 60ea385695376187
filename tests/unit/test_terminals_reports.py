"""Mouse reports, pasted text and the focus as programs read them."""

from __future__ import annotations

import pytest

from vibetui.terminals.mouse import Action, Button, MouseEvent, encode_mouse, encode_wheel_keys
from vibetui.terminals.paste import encode_focus, encode_paste
from vibetui.terminals.protocol import Modes, MouseEncoding, MouseTracking

PRESS = MouseEvent(Action.PRESS, Button.LEFT, row=4, column=9)
RELEASE = MouseEvent(Action.RELEASE, Button.LEFT, row=4, column=9)
DRAG = MouseEvent(Action.MOTION, Button.LEFT, row=4, column=9)
HOVER = MouseEvent(Action.MOTION, Button.NONE, row=4, column=9)
WHEEL = MouseEvent(Action.PRESS, Button.WHEEL_DOWN, row=4, column=9)


def modes(
    tracking: MouseTracking, encoding: MouseEncoding = MouseEncoding.SGR, *, full: bool = False
) -> Modes:
    return Modes(mouse=tracking, mouse_encoding=encoding, alternate_screen=full)


@pytest.mark.parametrize(
    ("tracking", "seen"),
    [
        (MouseTracking.NONE, []),
        (MouseTracking.X10, [PRESS]),
        (MouseTracking.NORMAL, [PRESS, RELEASE, WHEEL]),
        (MouseTracking.BUTTON, [PRESS, RELEASE, DRAG, WHEEL]),
        (MouseTracking.ANY, [PRESS, RELEASE, DRAG, HOVER, WHEEL]),
    ],
)
def test_a_program_gets_the_events_that_it_asked_for(
    tracking: MouseTracking, seen: list[MouseEvent]
) -> None:
    every = [PRESS, RELEASE, DRAG, HOVER, WHEEL]
    assert [event for event in every if encode_mouse(event, modes(tracking))] == seen


@pytest.mark.parametrize(
    ("event", "encoding", "expected"),
    [
        (PRESS, MouseEncoding.SGR, b"\x1b[<0;10;5M"),
        (RELEASE, MouseEncoding.SGR, b"\x1b[<0;10;5m"),
        (DRAG, MouseEncoding.SGR, b"\x1b[<32;10;5M"),
        (HOVER, MouseEncoding.SGR, b"\x1b[<35;10;5M"),
        (WHEEL, MouseEncoding.SGR, b"\x1b[<65;10;5M"),
        (PRESS, MouseEncoding.DEFAULT, b"\x1b[M \x2a\x25"),
        (RELEASE, MouseEncoding.DEFAULT, b"\x1b[M#\x2a\x25"),
        (PRESS, MouseEncoding.URXVT, b"\x1b[32;10;5M"),
        (RELEASE, MouseEncoding.URXVT, b"\x1b[35;10;5M"),
        (
            MouseEvent(Action.PRESS, Button.RIGHT, 0, 299),
            MouseEncoding.UTF8,
            b'\x1b[M"' + chr(332).encode() + b"!",
        ),
        (MouseEvent(Action.PRESS, Button.RIGHT, 0, 299), MouseEncoding.DEFAULT, b""),
        (
            MouseEvent(Action.PRESS, Button.LEFT, 0, 0, shift=True, alt=True, ctrl=True),
            MouseEncoding.SGR,
            b"\x1b[<28;1;1M",
        ),
    ],
)
def test_reports(event: MouseEvent, encoding: MouseEncoding, expected: bytes) -> None:
    assert encode_mouse(event, modes(MouseTracking.ANY, encoding)) == expected


def test_the_wheel_is_arrow_keys_in_a_full_screen_program_without_a_mouse() -> None:
    assert encode_wheel_keys(WHEEL, Modes(alternate_screen=True)) == b"\x1b[B" * 3
    application = Modes(alternate_screen=True, application_cursor=True)
    assert encode_wheel_keys(WHEEL, application) == b"\x1bOB" * 3
    assert encode_wheel_keys(WHEEL, Modes()) == b""
    assert encode_wheel_keys(WHEEL, Modes(alternate_screen=True, alternate_scroll=False)) == b""


def test_pasted_lines_end_as_the_return_key_does() -> None:
    assert encode_paste("a\nb\r\nc\td", Modes()) == b"a\rb\rc\td"


def test_a_paste_is_bracketed_where_the_program_asked_for_it() -> None:
    assert encode_paste("ls\n", Modes(bracketed_paste=True)) == b"\x1b[200~ls\r\x1b[201~"
    assert encode_paste("", Modes(bracketed_paste=True)) == b""


@pytest.mark.parametrize(
    "text", ["safe\x1b[201~rm -rf /\n", "a\x1b[20\x1b[201~1~b", "a\x9b201~b", "a\x03b\x1b]2;c\x07"]
)
def test_a_paste_cannot_leave_its_brackets(text: str) -> None:
    sent = encode_paste(text, Modes(bracketed_paste=True)).decode()
    assert sent.startswith("\x1b[200~")
    assert sent.endswith("\x1b[201~")
    inside = sent[6:-6]
    assert not [char for char in inside if char != "\r" and (ord(char) < 32 or char == "\x9b")]


def test_focus_is_reported_where_asked_for() -> None:
    assert encode_focus(True, Modes(focus_events=True)) == b"\x1b[I"
    assert encode_focus(False, Modes(focus_events=True)) == b"\x1b[O"
    assert encode_focus(True, Modes()) == b""
