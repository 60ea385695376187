"""Recording a session, from turning it on to playing it, as a person does it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.e2e.steps import back_to_list, connect, create, disconnect, menu, shell
from tests.server import Server
from tests.tmux import Tmux

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

CHECKOUT = Path(__file__).resolve().parents[2]


def test_a_session_is_recorded_seen_to_be_and_played(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "filmed")
    shell(terminal, "echo not-$((6*7))", "not-42")
    menu(terminal, "R")
    terminal.wait_for("Record filmed?")
    terminal.press("y")
    terminal.wait_for("● REC")
    shell(terminal, "clear; echo on-$((6*7))", "on-42")
    back_to_list(terminal)
    terminal.wait_for("filmed ● REC")
    terminal.press("R")
    terminal.wait_for("Stop recording filmed?")
    terminal.press("y")
    terminal.wait_gone("● REC")
    terminal.press("Enter")
    terminal.wait_for("on-42")
    assert "● REC" not in shell(terminal, "echo off-$((6*7))", "off-42")
    disconnect(terminal)

    (listed,) = json.loads(server.vibetui("recordings", "--json").stdout)
    assert (listed["session"], listed["complete"]) == ("filmed", True)
    recorded = Path(listed["path"]).read_text()
    assert "off-42" not in recorded
    assert "not-42" not in recorded
    words = [sys.executable, "-m", "vibetui", "replay", listed["path"], "--idle-limit", "0.2"]
    terminal.line(f"cd {shlex.quote(str(CHECKOUT))}; clear; {shlex.join(words)}; echo over-$?")
    assert "on-42" in terminal.wait_for("over-0")
