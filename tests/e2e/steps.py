"""What a person does, as steps on a real terminal."""

from __future__ import annotations

from tests.server import Server
from tests.tmux import Tmux

PROMPT = r"^ *dev@[\w.-]+:/workspace\$"
LIST = "Quit"
"""On the key bar of the session list, and of no other screen."""

WORKSPACE = "ctrl+] menu"
"""On the key bar of a session; its prompt may be in the list's preview, too."""


def connect(terminal: Tmux, server: Server, *options: str) -> None:
    """Type the printed ``ssh`` line and wait for the session list."""
    terminal.line(" ".join([server.ssh(), *options]))
    terminal.wait_for("vibetui")
    terminal.wait_for(LIST)


def create(terminal: Tmux, name: str) -> None:
    """From the list: make a session, watch it start, wait for the prompt."""
    terminal.press("n")
    terminal.wait_for("New session")
    terminal.press("C-u")
    terminal.type(name)
    terminal.wait_for(name)
    terminal.press("Enter")
    terminal.wait_for(WORKSPACE)
    terminal.wait_for_match(PROMPT, 60)


def shell(terminal: Tmux, command: str, answer: str) -> str:
    """Type a command into the container's shell and wait for its answer, a line of its own."""
    terminal.line(command)
    return terminal.wait_for_match(rf"^\s*{answer}", 30)


def menu(terminal: Tmux, key: str) -> None:
    """The prefix, then a key of its menu."""
    terminal.press("C-]")
    terminal.wait_for("Back to your sessions")
    terminal.press(key)


def back_to_list(terminal: Tmux) -> None:
    menu(terminal, "d")
    terminal.wait_for(LIST)


def disconnect(terminal: Tmux) -> str:
    """From a workspace: leave; the outer shell's screen."""
    menu(terminal, "q")
    return terminal.wait_for("keeps running")


def select(terminal: Tmux, name: str) -> None:
    """On the list: filter so that `name` alone is under the cursor."""
    terminal.press("/")
    terminal.wait_for("Filter")
    terminal.type(name)
    terminal.wait_for("1 of")
    terminal.press("Enter")
