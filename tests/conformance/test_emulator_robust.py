"""Nothing that a program can send raises, hangs, or shows the body of a control string."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.terminal_support import EMULATORS, emulator, screen

PIECES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(
        lambda prefix, params, between, final: f"\x1b[{prefix}{params}{between}{final}".encode(),
        st.sampled_from(("", "?", ">", "=", "<")),
        st.text("0123456789;:", max_size=12),
        st.sampled_from(("", " ", "$", "!", '"', "\x08", "\r")),
        st.characters(min_codepoint=0x40, max_codepoint=0x7E),
    ),
    st.sampled_from(
        (b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?6h", b"\x1b[2;3r", b"\x1b7", b"\x1b8", b"\x1bM")
    ),
    st.sampled_from(("界" * 30, "e\u0301", "\U0001f468\u200d\U0001f469", "x" * 99)).map(str.encode),
    st.builds(lambda kind: b"\x1b" + kind, st.sampled_from((b"]", b"P", b"_", b"^", b"X", b"#8"))),
)
STEPS = st.lists(
    st.one_of(PIECES, st.tuples(st.integers(-2, 60), st.integers(-2, 90))), max_size=20
)


@pytest.mark.parametrize("kind", EMULATORS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_no_bytes_and_no_resize_raise(kind: str, steps: list[bytes | tuple[int, int]]) -> None:
    terminal = emulator(kind, history=30)
    for step in steps:
        if isinstance(step, bytes):
            terminal.feed(step)
        else:
            terminal.resize(*step)
        if step and step[0] == 0:
            terminal.scroll_to(7)
        for y in terminal.dirty_rows():
            runs = terminal.row(y)
            assert runs[-1].end == terminal.columns
            assert all(run.text.isprintable() or max(run.text) >= "\u00a0" for run in runs)
        cursor = terminal.cursor
        assert 0 <= cursor.row < terminal.rows
        assert 0 <= cursor.column < terminal.columns
        assert terminal.modes is not None
        assert isinstance(terminal.title, str)
        terminal.take_replies()
    terminal.close()


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize(
    "control",
    [
        b"\x1bPq#0;2;0;0;0~~@@vv\x1b\\",
        b"\x1b_Ga=T,f=100;AAAA\x1b\\",
        b"\x1b^private message\x1b\\",
        b"\x1bXstart of string\x1b\\",
        "\x1b_Üa✓Ü\x1b\\".encode(),
        "\x1b^aÀb\x1b\\".encode(),
        "\x1bXaÜb\x1b\\".encode(),
        "\x1bPÜqb\x1b\\".encode(),
        b"\x1b]1337;File=name=x:AAAA\x07",
        b"\x1b]8;;http://example.org\x1b\\\x1b]8;;\x1b\\",
        b"\x1b]133;B\x07",
        b"\x1b]4;1;rgb:00/00/00\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b[>4;2m",
        b"\x1b[>1u\x1b[<u",
        b"\x1b[?1;2;4;5;7;8;31337;9999999h\x1b[?5;8l",
        b"\x1b[1;2;3$x",
        b"\x1b%G",
        b"\x1b[22;0;0t\x1b[23;0;0t",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_control_strings_leave_no_text(kind: str, control: bytes, size: int) -> None:
    terminal = emulator(kind, columns=40)
    data = b"[" + control + b"]"
    for start in range(0, len(data), size):
        terminal.feed(data[start : start + size])
    assert screen(terminal) == ["[]"]


@pytest.mark.parametrize("kind", EMULATORS)
def test_an_unfinished_string_is_bounded_and_ended_by_cancel(kind: str) -> None:
    terminal = emulator(kind)
    terminal.feed(b"\x1b]2;")
    for _ in range(40):
        terminal.feed(b"x" * 100_000)
    terminal.feed(b"\x18back")
    assert screen(terminal) == ["back"]
    terminal.feed(b"\x1b[" + b"1;" * 5000 + b"m")
    terminal.feed(b"\x1bcfine")
    assert screen(terminal) == ["fine"]


@pytest.mark.parametrize("kind", EMULATORS)
def test_huge_counts_cost_nothing(kind: str) -> None:
    terminal = emulator(kind, rows=50, columns=200)
    started = time.perf_counter()
    for final in "@ABCDEFGHIJKLMPSTXZ`abde":
        terminal.feed(b"x\x1b[999999999" + final.encode())
    assert time.perf_counter() - started < 1.0
