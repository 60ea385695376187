"""Bytes from the user's terminal become the keys that were pressed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from vibetui.terminals.keyboard import encode_key
from vibetui.terminals.protocol import Modes
from vibetui.ui.widgets.terminal_input import ESCAPE_DELAY, TerminalParser


def parse(data: str) -> list[object]:
    """What comes of `data` when nothing follows it."""
    parser = TerminalParser()
    found = list(parser.feed(data))
    for _ in range(3):
        if parser._timeout_time is not None:
            parser._timeout_time = 0.0
        found += list(parser.tick())
    return found


def keys(data: str) -> list[str]:
    return [event.key for event in parse(data) if isinstance(event, events.Key)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a", ["a"]),
        ("\x1b", ["escape"]),
        ("\x1b:wq\r", ["alt+colon", "w", "q", "enter"]),
        ("\x1bx", ["alt+x"]),
        ("\x1bX", ["alt+X"]),
        ("\x1b1", ["alt+1"]),
        ("\x1b\x7f", ["alt+backspace"]),
        ("\x1b\r", ["alt+enter"]),
        ("\x1b\x01", ["alt+ctrl+a"]),
        ("\x1b[", ["alt+left_square_bracket"]),
        ("\x1bO", ["alt+O"]),
        ("\x1b]", ["alt+right_square_bracket"]),
        ("\x1b\x1b", ["escape", "escape"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1b[A\x1bOB", ["up", "down"]),
        ("\x1b[1;5A", ["ctrl+up"]),
        ("\x1b[3~", ["delete"]),
        ("\x1b[[A", ["f1"]),
        ("\x1b[Z", ["shift+tab"]),
        ("\x1d", ["ctrl+right_square_bracket"]),
        ("\x1b[93;5u", ["ctrl+right_square_bracket"]),
        ("\x1b[27u", ["escape"]),
        ("\x1b[120;3u", ["alt+x"]),
        ("\x1b[99999999999u", []),
        ("\x1b[?1;2c\x1b[?31337;0$yx", ["x"]),
        ("\x1b]11;rgb:0000/0000/0000\x1b\\x", ["x"]),
        ("\x1bP1+r544e=787465\x1b\\x", ["x"]),
    ],
)
def test_keys(data: str, expected: list[str]) -> None:
    assert keys(data) == expected


@pytest.mark.parametrize(
    "typed",
    ["\x1b:wq\r", "\x1bx", "\x1b1", "\x1b\x7f", "\x1b.", "\x1b[A", "\x1b[1;5C", "\x1b\x1b[A"],
)
def test_what_was_typed_reaches_the_shell_as_it_was(typed: str) -> None:
    events_ = [event for event in parse(typed) if isinstance(event, events.Key)]
    sent = b"".join(encode_key(event.key, event.character, Modes()) for event in events_)
    assert sent == typed.encode()


def test_a_sequence_may_come_in_pieces() -> None:
    parser = TerminalParser()
    found = []
    for char in "\x1b[1;5A":
        found += list(parser.feed(char))
    assert [event.key for event in found if isinstance(event, events.Key)] == ["ctrl+up"]


def test_a_lone_escape_is_told_promptly() -> None:
    parser = TerminalParser()
    assert list(parser.feed("\x1b")) == []
    assert 0 < parser.wait <= ESCAPE_DELAY
    began = time.monotonic()
    found: list[object] = []
    while not found and time.monotonic() < began + 1:
        found = list(parser.tick())
    assert time.monotonic() - began < 0.1
    assert [event.key for event in found if isinstance(event, events.Key)] == ["escape"]


def test_pastes_focus_and_mouse() -> None:
    found = parse("\x1b[200~a\x1b[0mb\r\x1b[201~\x1b[I\x1b[O\x1b[<0;10;5M\x1b[<65;1;1M")
    assert [type(event) for event in found] == [
        events.Paste,
        events.AppFocus,
        events.AppBlur,
        events.MouseDown,
        events.MouseScrollDown,
    ]
    assert isinstance(found[0], events.Paste)
    assert found[0].text == "a\x1b[0mb\r"


@given(
    st.text(
        st.sampled_from("\x1b[O]P^_X<?;:0159Mm~uABRZ$y \x07\x9c\\x\r\u00e9"),
        min_size=1,
        max_size=40,
    )
)
def test_no_input_kills_the_reader(data: str) -> None:
    parser = TerminalParser()
    list(parser.feed(data))
    for _ in range(5):
        if parser._timeout_time is not None:
            parser._timeout_time = 0.0
        list(parser.tick())
    if "\x1b[200~" not in data and not data.endswith("\x1b"):
        after = list(parser.feed("\x18" * 5 + "zzzzz"))
        assert any(isinstance(event, events.Key) for event in after)
