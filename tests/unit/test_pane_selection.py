"""Marking text with the mouse, copying it, and following links."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.pane_support import Stage, numbered, pane_stage, reversed_
from tests.terminal_support import EMULATORS

pytestmark = pytest.mark.parametrize("kind", EMULATORS)

HIDE_CURSOR = b"\x1b[?25l"
TEXT = HIDE_CURSOR + b"one two three\r\nsee /etc/hosts, ok\r\n\r\nlast"


def selected(at: Stage) -> list[str]:
    return at.marked(reversed_)


async def test_a_drag_marks_and_copies(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.press(4, 0)
        await at.move(2, 1)
        await at.until(lambda: [row.rstrip() for row in selected(at)] == ["two three", "see"])
        assert at.app.clipboard == ""
        await at.release(2, 1)
        assert at.app.clipboard == "two three\nsee"
        assert at.app.notes == ["Copied 2 lines"]
        assert len(selected(at)) == 2


async def test_a_click_marks_nothing_and_ends_what_was_marked(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.click(4, 0)
        assert selected(at) == []
        await at.drag((0, 0), (2, 0))
        assert at.app.clipboard == "one"
        await at.click(20, 5)
        await at.until(lambda: selected(at) == [])
        assert at.app.clipboard == "one"


async def test_two_clicks_take_a_word_and_three_a_line(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.click(6, 1, times=2)
        assert at.app.clipboard == "/etc/hosts"
        await at.click(6, 1)
        assert at.app.clipboard == "see /etc/hosts, ok"


async def test_a_drag_after_two_clicks_takes_words(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.click(5, 0)
        await at.press(5, 0)
        await at.move(9, 0)
        await at.release(9, 0)
        assert at.app.clipboard == "two three"


async def test_a_wrapped_line_is_one(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(HIDE_CURSOR + b"x" * 70 + b"\r\nnext")
        await at.click(3, 1, times=3)
        assert at.app.clipboard == "x" * 70
        assert at.app.notes[-1] == "Copied 70 characters"


@pytest.mark.parametrize("key", ["meta", "ctrl"])
async def test_a_block_with_alt_or_ctrl(kind: str, key: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((4, 0), (6, 1), **{key: True})
        assert at.app.clipboard == "two\n/et"


async def test_shift_extends(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((0, 0), (2, 0))
        await at.click(6, 0, shift=True)
        assert at.app.clipboard == "one two"


async def test_shift_takes_the_mouse_from_the_program(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT + b"\x1b[?1002h\x1b[?1006h")
        await at.drag((0, 0), (2, 0), shift=True)
        assert at.app.clipboard == "one"
        assert bytes(at.agent.typed) == b""
        await at.move(0, 0, button=0)
        await at.drag((0, 0), (2, 0))
        await at.typed(b"\x1b[<0;1;1M\x1b[<32;3;1M\x1b[<0;3;1m")


async def test_a_drag_beyond_the_edge_scrolls(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(HIDE_CURSOR + numbered(60))
        await at.press(3, 2)
        await at.move(0, -2)
        await at.until(lambda: at.offset == 51)
        await at.release(0, -2)
        assert at.app.clipboard.startswith("line 0\nline 1\n")
        assert at.app.clipboard.endswith("line 52\nline")


async def test_output_moves_what_is_marked_and_ends_it_where_it_writes(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((4, 0), (6, 0))
        await at.output(b"\r\n" * 8)
        assert at.rows()[1].startswith("last")
        assert selected(at) == []
        at.pane.scroll_back(10)
        await at.until(lambda: selected(at) == ["two", " ↑ 2/2 "] or "two" in selected(at)[0])
        await at.output(b"\x1b[H\x1b[2J")
        assert "two" in selected(at)[0]
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((4, 0), (6, 0))
        await at.output(b"\x1b[H\x1b[2J")
        assert selected(at) == []


async def test_another_screen_ends_it(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((4, 0), (6, 0))
        await at.output(b"\x1b[?1049h")
        assert selected(at) == []
        await at.output(b"\x1b[?1049l")
        assert selected(at) == []


async def test_a_full_screen_program_is_copied_from(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"\x1b[?1049h\x1b[H" + TEXT)
        await at.drag((4, 0), (6, 0))
        await at.output(b"\x1b[5;1Hmore")
        assert selected(at) == ["two"]
        assert at.app.clipboard == "two"


async def test_typing_ends_it_and_reaches_the_program(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((4, 0), (6, 0))
        await at.pilot.press("escape", "x")
        await at.typed(b"\x1bx")
        await at.until(lambda: selected(at) == [])


async def test_a_new_size_ends_it(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.drag((4, 0), (6, 0))
        await at.pilot.resize_terminal(30, 11)
        await at.until(lambda: at.terminal.emulator.columns == 30)
        await at.until(lambda: selected(at) == [])


async def test_wide_characters_are_marked_whole(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(HIDE_CURSOR + "a界b👩\u200d👩\u200d👧c".encode())
        await at.drag((2, 0), (5, 0))
        assert at.app.clipboard == "界b👩\u200d👩\u200d👧"
        assert selected(at) == ["界b👩\u200d👩\u200d👧"]


# Links


async def test_ctrl_and_a_click_copy_a_link(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"go to https://example.org/a_(b), now")
        await at.click(10, 0, ctrl=True)
        await at.until(lambda: bool(at.app.notes))
        assert at.app.notes == ["Link copied: https://example.org/a_(b)"]
        assert at.app.clipboard == "https://example.org/a_(b)"


async def test_on_the_users_machine_a_link_is_opened(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener, opened = tmp_path / "xdg-open", tmp_path / "opened"
    script = f'echo noise; echo "$1" > {opened}.part; mv {opened}.part {opened}'
    opener.write_text(f"#!/bin/sh\n{script}\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setattr(sys, "platform", "linux")
    async with pane_stage(kind, opens_links=True) as at:
        await at.output(b"https://example.org/$(id)")
        await at.click(3, 0, ctrl=True)
        await at.until(lambda: at.app.notes == ["Opened https://example.org/$(id)"])
        assert opened.read_text() == "https://example.org/$(id)\n"
        await at.output(b"\r\n\x1b]8;;file:///etc/passwd\x1b\\x\x1b]8;;\x1b\\")
        await at.click(0, 1, ctrl=True)
        await at.until(lambda: at.app.notes[-1] == "Link copied: file:///etc/passwd")


async def test_a_button_let_go_out_of_sight_is_let_go(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(TEXT)
        await at.press(0, 0)
        await at.move(2, 0)
        await at.until(lambda: selected(at) == ["one"])
        await at.move(9, 0, button=0)
        await at.move(9, 1, button=0)
        assert selected(at) == ["one"]


async def test_links_that_a_program_names(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(b"a \x1b]8;;https://example.org/x\x1b\\link\x1b]8;;\x1b\\ b")
        await at.click(3, 0, ctrl=True)
        await at.until(lambda: at.app.clipboard == "https://example.org/x")
        await at.output(b"\r\n\x1b]8;;javascript:alert(1)\x1b\\other\x1b]8;;\x1b\\")
        await at.click(1, 1, ctrl=True)
        assert at.app.clipboard == "https://example.org/x"


async def test_the_key_bar_says_where_a_link_leads(kind: str) -> None:
    async with pane_stage(kind) as at:
        await at.output(HIDE_CURSOR + b"a \x1b]8;;https://example.org/x\x1b\\link\x1b]8;;\x1b\\ b")
        await at.move(3, 0, button=0)
        await at.until(lambda: "https://example.org/x" in at.bar())
        assert at.marked(lambda style: bool(style.underline)) == ["link"]
        await at.move(0, 0, button=0)
        await at.until(lambda: "example" not in at.bar())
        assert at.marked(lambda style: bool(style.underline)) == []
