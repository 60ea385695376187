"""Pasting: what is asked first, and what the program gets."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events

from tests.pane_support import Stage, pane_stage
from tests.terminal_support import EMULATORS
from vibetui.terminals.paste import END, START, first_lines, joined_lines, line_count
from vibetui.ui.screens.paste_warning import PasteWarning
from vibetui.ui.widgets.terminal_input import TerminalParser

TEXT = "cd /tmp && \\\n  ls\x1b[31m\nrm x\n"


def text_of(at: Stage) -> str:
    return "\n".join(strip.text for strip in at.app.screen._compositor.render_strips())


async def asked(at: Stage, text: str = TEXT) -> None:
    at.app.post_message(events.Paste(text))
    await at.until(lambda: isinstance(at.app.screen, PasteWarning))
    await at.until(lambda: "Cancel" in text_of(at))


@pytest.mark.parametrize("kind", EMULATORS)
async def test_several_lines_are_shown_first(kind: str) -> None:
    async with pane_stage(kind) as at:
        await asked(at)
        shown = text_of(at)
        assert "Paste 3 lines?" in shown
        assert "ls[31m" in shown
        assert bytes(at.agent.typed) == b""


@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        (("p",), b"cd /tmp && \\\r  ls[31m\rrm x\rz"),
        (("o",), b"cd /tmp && ls[31m rm xz"),
        (("enter",), b"z"),
        (("escape",), b"z"),
        (("left", "enter"), b"cd /tmp && ls[31m rm xz"),
        (("left", "left", "enter"), b"cd /tmp && \\\r  ls[31m\rrm x\rz"),
    ],
)
async def test_answers(keys: tuple[str, ...], typed: bytes) -> None:
    async with pane_stage("ghostty") as at:
        await asked(at)
        await at.pilot.press(*keys)
        await at.until(lambda: at.pane.has_focus)
        await at.pilot.press("z")
        await at.typed(typed)


@pytest.mark.parametrize("kind", EMULATORS)
async def test_a_program_that_takes_pastes_is_given_them(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"\x1b[?2004h")
        at.app.post_message(events.Paste("a\nb\x1b[201~c"))
        await at.typed(b"\x1b[200~a\rbc\x1b[201~")


async def test_brackets_asked_for_meanwhile_are_used() -> None:
    async with pane_stage("ghostty") as at:
        await asked(at, "a\nb")
        await at.output(b"\x1b[?2004h")
        await at.pilot.press("p")
        await at.typed(b"\x1b[200~a\rb\x1b[201~")


@pytest.mark.parametrize("key", ["shift+insert", "middle"])
async def test_what_was_copied_is_pasted(key: str) -> None:
    async with pane_stage("ghostty") as at:
        await at.output(b"one two")
        await at.drag((0, 0), (2, 0))
        if key == "middle":
            at.pane.post_message(events.MouseDown(None, 1, 1, 0, 0, 2, False, False, False))
        else:
            await at.pilot.press(key)
        await at.typed(b"one")


async def test_what_a_program_copied_is_pasted() -> None:
    async with pane_stage("ghostty") as at:
        await at.output(b"\x1b]52;c;aGVsbG8=\x07")
        at.pane.paste_clipboard()
        await at.typed(b"hello")


async def test_pasting_leaves_copy_mode() -> None:
    async with pane_stage("ghostty") as at:
        await at.output(b"\x1b]52;c;aGVsbG8=\x07")
        at.pane.copy_mode()
        await at.until(lambda: "Copy mode" in at.bar())
        at.pane.paste_clipboard()
        await at.until(lambda: "Copy mode" not in at.bar())
        await at.typed(b"hello")


@pytest.mark.usefixtures("heap_of_an_app")
async def test_a_megabyte_is_pasted_whole_and_quickly() -> None:
    text = "x" * 99 + "\n"
    async with pane_stage("ghostty") as at:
        await at.output(b"\x1b[?2004h")
        began = time.thread_time()
        at.pane.paste(text * 10_000)
        assert time.thread_time() - began < 0.05
        async with asyncio.timeout(10):
            await at.agent.until(lambda: len(at.agent.typed) == 1_000_000 + 12, 10)


@given(
    st.text(st.sampled_from("ab\x1b[201~\n界"), max_size=60),
    st.lists(st.integers(1, 12), min_size=1, max_size=30),
)
@example("\x1b[201", [5])
@example("aaaa\x1b[20", [4, 4, 4, 9, 1])
@example("aaaaa\x1b[201bbbbb~cccc", [6, 10, 10])
def test_a_paste_may_come_in_any_pieces(text: str, sizes: list[int]) -> None:
    while END in text:
        text = text.replace(END, "")
    data = f"{START}{text}{END}x"
    parser = TerminalParser()
    found: list[object] = []
    for size in itertools.cycle(sizes):
        found += list(parser.feed(data[:size]))
        data = data[size:]
        if not data:
            break
    paste, key = found
    assert isinstance(paste, events.Paste)
    assert isinstance(key, events.Key)
    assert (paste.text, key.key) == (text, "x")


@pytest.mark.usefixtures("heap_of_an_app")
def test_a_megabyte_is_read_quickly() -> None:
    data = f"{START}{('x' * 99 + chr(10)) * 10_000}{END}"
    parser = TerminalParser()
    began = time.thread_time()
    found = [
        event for at in range(0, len(data), 4096) for event in parser.feed(data[at : at + 4096])
    ]
    assert time.thread_time() - began < 0.2
    assert isinstance(found[0], events.Paste)
    assert len(found[0].text) == 1_000_000


@pytest.mark.parametrize(
    ("text", "count"),
    [("a", 1), ("a\n", 1), ("a\r\n", 1), ("a\nb", 2), ("a\r\nb\r\n", 2), ("a\rb", 2), ("", 1)],
)
def test_lines_are_counted(text: str, count: int) -> None:
    assert line_count(text) == count
    assert len(first_lines(text, 10)) == count


def test_one_line_of_several() -> None:
    assert joined_lines("a \\\n   b\n\n c\r\nd\n") == "a b c d"
