"""Tabs and splits outlive the connection, through OpenSSH."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.steps import PROMPT, connect, create, menu, shell
from tests.server import Server
from tests.tmux import Tmux

pytestmark = [pytest.mark.e2e, pytest.mark.docker]


def kill_ssh(terminal: Tmux) -> None:
    """As when the laptop's battery is taken out."""
    waiting = [int(terminal.facts("#{pane_pid}"))]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        if (process / "comm").read_text().strip() == "ssh":
            os.kill(int(process.name), signal.SIGKILL)
            return
        waiting += map(int, (process / "task" / process.name / "children").read_text().split())
    raise AssertionError("no ssh runs in the terminal")


def test_tabs_names_order_and_splits_are_there_again(
    server: Server, small_terminal: Tmux, tmp_path: Path
) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "tabbed")
    menu(terminal, "c")
    terminal.wait_for_match("^.tabbed ●.*2 ")
    shell(terminal, "echo second-$((1+1))", "second-2")
    menu(terminal, "c")
    terminal.wait_for_match("^.tabbed ●.*3 ")
    terminal.wait_for_match(PROMPT)
    menu(terminal, ",")
    terminal.wait_for("Rename this terminal")
    terminal.type("logs")
    terminal.press("Enter")
    terminal.wait_for("3 logs")
    menu(terminal, "<")
    terminal.wait_for("2 logs")
    menu(terminal, "|")
    terminal.wait_for("2 logs│")
    shell(terminal, "clear; sleep 1000 & echo right-$((1+1))", r".*right-2")

    kill_ssh(terminal)
    terminal.wait_for("Killed")
    again = tmp_path / "again"
    again.mkdir()
    with Tmux(again, columns=80, rows=24) as fresh:
        connect(fresh, server)
        fresh.press("Enter")
        screen = fresh.wait_for("2 logs│")
        assert screen.index("1 ") < screen.index("2 logs") < screen.index("3 ")
        menu(fresh, "2")
        fresh.wait_for("right-2")
        menu(fresh, "3")
        fresh.wait_for("second-2")
