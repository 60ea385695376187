"""Copying out of a session, searching it and pasting into it, through OpenSSH."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.steps import connect, create, menu, shell
from tests.server import Server
from tests.tmux import Tmux

pytestmark = [pytest.mark.e2e, pytest.mark.docker]


def clipboard(terminal: Tmux) -> str:
    """What the user's terminal was given (OSC 52)."""
    return terminal._tmux("show-buffer") if terminal._tmux("list-buffers") else ""


def copied(terminal: Tmux, text: str) -> Callable[[str], bool]:
    return lambda screen: clipboard(terminal) == text


def mouse(terminal: Tmux, row: int, *columns: int) -> None:
    """Drag in a row of the screen over these columns, all counted from 1."""
    terminal.type(f"\x1b[<0;{columns[0]};{row}M")
    for column in columns[1:]:
        terminal.type(f"\x1b[<32;{column};{row}M")
    terminal.type(f"\x1b[<0;{columns[-1]};{row}m")


def row_of(terminal: Tmux, text: str) -> int:
    """The row of the screen that begins with `text`, from 1."""
    return next(
        y for y, row in enumerate(terminal.screen().splitlines(), 1) if row.startswith(text)
    )


def test_a_person_copies_searches_and_pastes(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    terminal._tmux("set-option", "-g", "set-clipboard", "on")
    connect(terminal, server)
    create(terminal, "copying")
    shell(terminal, "seq -f 'number %g of many' 500; echo re\\ady", "ready")

    mouse(terminal, row_of(terminal, "number 500"), 1, 5, 10)
    terminal.wait_until(copied(terminal, "number 500"), "the marked text")
    terminal.wait_for("Copied 10 characters")

    menu(terminal, "/")
    terminal.type("number 123")
    terminal.wait_for("1 of 1 ")
    terminal.press("Enter", "V", "j", "y")
    terminal.wait_until(copied(terminal, "number 123 of many\nnumber 124 of many"), "two lines")
    terminal.wait_gone("Copy mode")

    terminal.type("cat; ")
    terminal.press("BSpace", "BSpace", "Enter")
    menu(terminal, "v")
    terminal.wait_for("Paste 2 lines?")
    terminal.press("o")
    terminal.wait_for_match("^number 123 of many number 124 of many$")
