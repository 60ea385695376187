"""Keys, mouse and paste as xterm encodes them."""

from __future__ import annotations

import pytest

from vibetui.terminals.keyboard import encode_key, same_key
from vibetui.terminals.protocol import Modes

PLAIN = Modes()
APPLICATION = Modes(application_cursor=True)


@pytest.mark.parametrize(
    ("key", "character", "expected"),
    [
        ("a", "a", b"a"),
        ("A", "A", b"A"),
        ("é", "é", "é".encode()),
        ("space", " ", b" "),
        ("plus", "+", b"+"),
        ("enter", "\r", b"\r"),
        ("shift+enter", None, b"\r"),
        ("alt+enter", None, b"\x1b\r"),
        ("ctrl+j", "\n", b"\n"),
        ("tab", "\t", b"\t"),
        ("shift+tab", None, b"\x1b[Z"),
        ("backspace", "\x7f", b"\x7f"),
        ("backspace", "\x08", b"\x08"),
        ("alt+backspace", None, b"\x1b\x7f"),
        ("ctrl+backspace", None, b"\x08"),
        ("escape", "\x1b", b"\x1b"),
        ("ctrl+a", "\x01", b"\x01"),
        ("ctrl+a", None, b"\x01"),
        ("ctrl+shift+a", None, b"\x01"),
        ("ctrl+z", None, b"\x1a"),
        ("ctrl+@", "\x00", b"\x00"),
        ("ctrl+space", None, b"\x00"),
        ("ctrl+left_square_bracket", None, b"\x1b"),
        ("ctrl+backslash", None, b"\x1c"),
        ("ctrl+right_square_bracket", None, b"\x1d"),
        ("ctrl+circumflex_accent", None, b"\x1e"),
        ("ctrl+underscore", "\x1f", b"\x1f"),
        ("ctrl+slash", None, b"\x1f"),
        ("ctrl+question_mark", None, b"\x7f"),
        ("ctrl+1", None, b"1"),
        ("alt+x", "x", b"\x1bx"),
        ("alt+x", None, b"\x1bx"),
        ("alt+shift+x", None, b"\x1bX"),
        ("alt+X", "X", b"\x1bX"),
        ("alt+full_stop", ".", b"\x1b."),
        ("alt+ctrl+d", None, b"\x1b\x04"),
        ("up", None, b"\x1b[A"),
        ("shift+up", None, b"\x1b[1;2A"),
        ("alt+up", None, b"\x1b[1;3A"),
        ("ctrl+up", None, b"\x1b[1;5A"),
        ("alt+ctrl+left", None, b"\x1b[1;7D"),
        ("ctrl+shift+right", None, b"\x1b[1;6C"),
        ("home", None, b"\x1b[H"),
        ("ctrl+end", None, b"\x1b[1;5F"),
        ("insert", None, b"\x1b[2~"),
        ("delete", None, b"\x1b[3~"),
        ("ctrl+delete", None, b"\x1b[3;5~"),
        ("pageup", None, b"\x1b[5~"),
        ("shift+pagedown", None, b"\x1b[6;2~"),
        ("f1", None, b"\x1bOP"),
        ("shift+f1", None, b"\x1b[1;2P"),
        ("f4", None, b"\x1bOS"),
        ("f5", None, b"\x1b[15~"),
        ("f12", None, b"\x1b[24~"),
        ("ctrl+f5", None, b"\x1b[15;5~"),
        ("f13", None, b"\x1b[1;2P"),
        ("f17", None, b"\x1b[15;2~"),
        ("left_shift", None, b""),
        ("caps_lock", None, b""),
        ("super+a", None, b""),
        ("equal", None, b"="),
    ],
)
def test_a_key_sends_what_xterm_sends(key: str, character: str | None, expected: bytes) -> None:
    assert encode_key(key, character, PLAIN) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("up", b"\x1bOA"),
        ("end", b"\x1bOF"),
        ("ctrl+up", b"\x1b[1;5A"),
        ("pageup", b"\x1b[5~"),
    ],
)
def test_application_cursor_mode_changes_plain_cursor_keys_only(key: str, expected: bytes) -> None:
    assert encode_key(key, None, APPLICATION) == expected


def test_a_key_may_be_named_by_its_character() -> None:
    assert same_key("ctrl+]", "ctrl+right_square_bracket")
    assert same_key("ctrl++", "ctrl+plus")
    assert same_key("+", "plus")
    assert not same_key("ctrl+]", "right_square_bracket")
    assert not same_key("ctrl+b", "ctrl+]")
