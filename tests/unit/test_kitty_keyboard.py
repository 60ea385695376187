"""Keys as the kitty keyboard protocol reports them, to programs that have asked for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events

from vibetui.terminals.kitty_keyboard import Flags, encode_by_flags, encode_report, parse_report
from vibetui.terminals.protocol import Modes
from vibetui.ui.widgets.terminal_input import RELEASED, KeyPress, TerminalParser
from vibetui.ui.widgets.terminal_keys import key_event_bytes

DISAMBIGUATE, EVENTS, ALTERNATES, ALL, TEXT = 1, 2, 4, 8, 16


def pressed(data: str) -> Sequence[events.Key]:
    """The keys that come of what a terminal sends."""
    parser = TerminalParser()
    found = list(parser.feed(data))
    if parser._timeout_time is not None:
        parser._timeout_time = 0.0
    found += list(parser.tick())
    return [event for event in found if isinstance(event, events.Key)]


def passed_on(data: str, flags: int) -> str:
    """What a program with these flags reads when the user's terminal sends `data`."""
    modes = Modes(kitty_keyboard=flags)
    return b"".join(key_event_bytes(key, modes) for key in pressed(data)).decode()


@pytest.mark.parametrize(
    ("flags", "sequence"),
    [
        (DISAMBIGUATE, "a"),
        (DISAMBIGUATE, "\x1b[27u"),
        (DISAMBIGUATE, "\x1b[97;5u"),
        (DISAMBIGUATE, "\x1b[97;7u"),
        (DISAMBIGUATE, "\x1b[13;2u"),
        (DISAMBIGUATE, "\x1b[57414u"),
        (DISAMBIGUATE, "\r\t\x7f"),
        (DISAMBIGUATE, "\x1b[A\x1b[1;5A\x1b[3~\x1b[P\x1b[13~\x1b[1;2S\x1b[24;3~"),
        (DISAMBIGUATE | EVENTS, "\x1b[97;1:3u"),
        (DISAMBIGUATE | EVENTS, "\x1b[1;1:2A\x1b[1;1:3A\x1b[5;1:3~"),
        (DISAMBIGUATE | ALTERNATES, "\x1b[97:65;6u"),
        (DISAMBIGUATE | ALTERNATES, "\x1b[1089::99;5u"),
        (ALL, "\x1b[97u\x1b[13u\x1b[57441;2u"),
        (ALL | EVENTS, "\x1b[13;1:3u\x1b[57441;1:3u\x1b[97;1:2u"),
        (ALL | TEXT, "\x1b[97;;97u\x1b[97;2;65u\x1b[0;;233u\x1b[97;;97:776u"),
        (31, "\x1b[97:65;2;65u\x1b[97:65;2:3u\x1b[97;133u"),
    ],
)
def test_what_a_terminal_sends_a_program_reads(flags: int, sequence: str) -> None:
    assert passed_on(sequence, flags) == sequence


@pytest.mark.parametrize(
    ("flags", "sequence", "expected"),
    [
        # Keys still on their way in the app's own encoding, when a program begins or ends.
        (DISAMBIGUATE, "\x1b[97;;97u", "a"),
        (DISAMBIGUATE, "\x1b[97:65;2;65u", "A"),
        (DISAMBIGUATE, "\x1b[13u\x1b[9u\x1b[127u", "\r\t\x7f"),
        (DISAMBIGUATE, "\x1b[97;1:3u\x1b[13;1:3u\x1b[57441;2u", ""),
        (DISAMBIGUATE | EVENTS, "\x1b[13;1:3u", ""),
        (0, "\x1b[97;;97u\x1b[97;5u\x1b[13u\x1b[27u\x1b[1;5A\x1b[97;1:3u", "a\x01\r\x1b\x1b[1;5A"),
        (0, "\x1b[49:33;4u", "\x1b!"),
        (0, "\x1b[47:63;6u", "\x7f"),
        (0, "\x1b[1089::99;5u", "\x03"),
        (0, "\x1b[97;;97:776u", "a\u0308"),
        (0, "\x1b[57414u\x1b[57417u", "\r\x1b[D"),
        # A terminal of old.
        (DISAMBIGUATE, "\x1b", "\x1b[27u"),
        (DISAMBIGUATE, "\x01\x1bx\x1bX", "\x1b[97;5u\x1b[120;3u\x1b[120;4u"),
        (DISAMBIGUATE, "\x00", "\x1b[32;5u"),
        (DISAMBIGUATE, "\x1b[Z", "\x1b[9;2u"),
        (ALL, "aA\r", "\x1b[97u\x1b[97;2u\x1b[13u"),
        (ALL | TEXT, "é", "\x1b[233;;233u"),
        # xterm's modifyOtherKeys.
        (DISAMBIGUATE, "\x1b[27;5;93~", "\x1b[93;5u"),
        (0, "\x1b[27;5;93~", "\x1d"),
    ],
)
def test_keys_are_put_into_what_the_program_asked_for(
    flags: int, sequence: str, expected: str
) -> None:
    assert passed_on(sequence, flags) == expected


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1d",
        "\x1b[93;5u",
        "\x1b[93;5:1u",
        "\x1b[93;133u",
        "\x1b[93:125;5u",
        "\x1b[1098::93;5u",
        "\x1b[27;5;93~",
    ],
)
def test_the_prefix_is_the_prefix_in_every_encoding(sequence: str) -> None:
    assert [key.key for key in pressed(sequence)] == ["ctrl+right_square_bracket"]


def test_a_key_that_is_let_go_is_no_key_for_the_app() -> None:
    keys = pressed("\x1b[113;1:3u\x1b[1;1:3A\x1b[13;1:3u\x1b[57358;1:3u")
    assert {key.key for key in keys} == {RELEASED}
    assert not any(key.is_printable for key in keys)


@settings(deadline=None)
@given(st.from_regex(r"\x1b\[[0-9:;]{0,12}[u~A-HPQRS]", fullmatch=True), st.integers(0, 31))
def test_no_report_is_too_strange(sequence: str, flags: int) -> None:
    for key in pressed(sequence):
        report = key.report if isinstance(key, KeyPress) else None
        encode_by_flags(report, key.key, key.character, Modes(kitty_keyboard=flags))


@settings(deadline=None)
@given(
    st.integers(32, 0x2FFF),
    st.integers(0, 63),
    st.sampled_from(["", ":2", ":3"]),
    st.sampled_from("u"),
)
def test_with_all_flags_every_report_stays_as_it_was(
    code: int, modifiers: int, event: str, final: str
) -> None:
    held = f";{modifiers + 1}{event}" if modifiers or event else ""
    sequence = f"\x1b[{code}{held}{final}"
    report = parse_report(sequence)
    assert report is not None
    assert encode_report(report, Flags(31)).decode() == sequence
