"""The list shows what goes on in a session, and nobody in its container notices."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.steps import PROMPT, back_to_list, connect, create, menu
from tests.server import Server
from tests.tmux import Tmux

pytestmark = pytest.mark.e2e

_TICKS = (
    "clear; trap 'echo resized-$((40+2))' WINCH; "
    "n=0; while sleep 0.1; do n=$((n+1)); echo tick-$n; done"
)


def newest_tick(screen: str) -> int:
    return max((int(found) for found in re.findall(r"tick-(\d+)", screen)), default=0)


def test_the_list_shows_a_session_as_it_goes_on(server: Server, tmp_path: Path) -> None:
    with Tmux(tmp_path, columns=160, rows=40) as terminal:
        connect(terminal, server)
        create(terminal, "ticking")
        terminal.line(_TICKS)
        terminal.wait_for("tick-3")
        back_to_list(terminal)
        seen = newest_tick(terminal.wait_for("tick-"))
        screen = terminal.wait_until(lambda now: newest_tick(now) > seen + 5, "more ticks")
        assert "160×38" in screen
        assert "resized" not in screen

        # Another session is another screen, and the first one's is there again afterwards.
        create(terminal, "quiet")
        back_to_list(terminal)
        terminal.wait_for_match(r"│.*Welcome to quiet")
        terminal.press("Down")
        terminal.wait_for_match(r"│.*tick-\d+")

        terminal.press("Enter")
        terminal.wait_for_match(r"^tick-")
        terminal.press("C-c")
        terminal.wait_for_match(PROMPT)
        menu(terminal, "d")
        terminal.wait_for("q Quit")
        assert "resized" not in terminal.screen()
        terminal.press("q")
        terminal.wait_for("outer$")
