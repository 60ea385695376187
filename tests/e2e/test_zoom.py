"""Zoom over OpenSSH: the container has the user's terminal, and it is left clean whatever ends."""

from __future__ import annotations

from contextlib import closing

import docker
import psutil
import pytest

from tests.e2e.steps import connect, create, disconnect, menu, shell
from tests.e2e.test_front_app import MODES
from tests.server import Server
from tests.sshd_support import eventually
from tests.tmux import Tmux
from vibetui.model import LABEL_INSTANCE

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

BAR = "ctrl+] menu"
LEAVE_ON = (
    r"printf '\033[?1049h\033[?1;1000;1003;1006;2004h\033[5;9r\033[?6h\033(0\033=\033[4h\033[?25l"
    r"left on'; sleep 60"
)


def zoom_in(terminal: Tmux) -> None:
    menu(terminal, "z")
    terminal.wait_gone(BAR)
    terminal.wait_for("$")


def zoom_out(terminal: Tmux) -> None:
    terminal.press("C-]")
    terminal.wait_for(BAR)


def ui_process(server: Server) -> psutil.Process:
    """The one app that runs for a client: it has a terminal of its own."""
    found = [
        child
        for child in psutil.Process(server.pid).children(recursive=True)
        if child.terminal() is not None
    ]
    (process,) = found
    return process


def test_vim_in_the_whole_terminal_and_the_app_as_it_was(server: Server, terminal: Tmux) -> None:
    connect(terminal, server)
    create(terminal, f"zoomed-{terminal.columns}")
    title = terminal.screen().splitlines()[0]
    zoom_in(terminal)
    # The prompt that stood in the pane stands in the terminal.
    assert "Welcome to zoomed" in terminal.screen()
    shell(terminal, "stty size", f"{terminal.rows} {terminal.columns}")
    terminal.line("clear; vim -u NONE note")
    terminal.wait_for("~")
    terminal.type("ifrom the zoom")
    terminal.press("Escape")
    zoom_out(terminal)
    terminal.wait_for("from the zoom")
    assert terminal.screen().splitlines()[0].split()[:3] == title.split()[:3]
    terminal.type(":wq")
    terminal.press("Enter")
    terminal.wait_gone("~")
    shell(terminal, "cat note", "from the zoom")
    disconnect(terminal)


def test_what_a_program_leaves_on_is_gone_in_the_app_and_after_it(
    server: Server, small_terminal: Tmux
) -> None:
    terminal = small_terminal
    before = terminal.facts(MODES)
    connect(terminal, server)
    create(terminal, "careless")
    zoom_in(terminal)
    terminal.line(LEAVE_ON)
    terminal.wait_until(
        lambda _: terminal.facts("#{origin_flag}#{insert_flag}#{keypad_flag}") == "111",
        "the modes to be on",
    )
    zoom_out(terminal)
    assert terminal.facts("#{origin_flag}#{insert_flag}") == "00"
    terminal.press("C-c")
    disconnect(terminal)
    assert terminal.facts(MODES) == before


def test_a_killed_app_leaves_the_zoomed_terminal_clean(
    server: Server, small_terminal: Tmux
) -> None:
    terminal = small_terminal
    before = terminal.facts(MODES)
    connect(terminal, server)
    create(terminal, "killed")
    zoom_in(terminal)
    terminal.line(LEAVE_ON)
    terminal.wait_until(lambda _: terminal.facts("#{origin_flag}") == "1", "the modes to be on")
    ui_process(server).kill()
    terminal.wait_for("The app stopped unexpectedly")
    terminal.wait_for("outer$")
    assert terminal.facts(MODES) == before


def test_a_container_that_is_stopped_brings_the_app_back_which_says_so(
    server: Server, small_terminal: Tmux
) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "stopped")
    zoom_in(terminal)
    terminal.line(LEAVE_ON)
    terminal.wait_until(lambda _: terminal.facts("#{origin_flag}") == "1", "the modes to be on")
    label = f"{LABEL_INSTANCE}={server.instance()}"
    with closing(docker.from_env()) as client:
        for container in client.containers.list(filters={"label": label}):
            if container.attrs["Config"]["Hostname"] == "stopped":
                container.kill()
    terminal.wait_for("The container has stopped")
    assert terminal.facts("#{alternate_on}#{origin_flag}#{insert_flag}") == "100"


def test_a_killed_client_leaves_no_app_behind(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "cut-off")
    zoom_in(terminal)
    process = ui_process(server)
    terminal.line("")
    terminal.type("~.")
    terminal.wait_for("outer$")
    eventually(lambda: not process.is_running(), "the app is gone")
