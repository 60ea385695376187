"""The whole way: ssh, a session, its container, work, and back again."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.steps import (
    LIST,
    PROMPT,
    back_to_list,
    connect,
    create,
    disconnect,
    menu,
    shell,
)
from tests.server import Server
from tests.tmux import Tmux

pytestmark = pytest.mark.e2e


def session_name(terminal: Tmux, what: str) -> str:
    return f"{what}-{terminal.columns}"


def test_a_new_user_creates_a_session_and_works_in_its_shell(
    server: Server, terminal: Tmux
) -> None:
    name = session_name(terminal, "first")
    connect(terminal, server)
    create(terminal, name)
    welcome = terminal.screen()
    assert f"Welcome to {name}" in welcome
    assert "ctrl+]" in welcome

    shell(terminal, "id -un; pwd", "dev")
    shell(terminal, "hostname", name)
    shell(terminal, "python -c 'print(6*7)'", "42")
    # The pane is what is left of the client's terminal.
    size = shell(terminal, "stty size", r"\d+ \d+$")
    rows, columns = map(int, re.findall(r"^\s*(\d+) (\d+)$", size, re.MULTILINE)[-1])
    assert columns == terminal.columns
    assert terminal.rows - 4 <= rows < terminal.rows

    disconnect(terminal)


def test_a_shell_is_as_it_was_left_when_its_user_comes_back(server: Server, terminal: Tmux) -> None:
    name = session_name(terminal, "again")
    connect(terminal, server)
    create(terminal, name)
    shell(terminal, "cd /tmp && KEPT=yes-$((40+2)) && echo $KEPT", "yes-42")
    disconnect(terminal)

    connect(terminal, server)
    terminal.wait_for(name)
    terminal.press("Enter")
    terminal.wait_for("yes-42")
    shell(terminal, "clear; echo still-$KEPT-in-$PWD", "still-yes-42-in-/tmp")
    back_to_list(terminal)
    terminal.press("q")
    terminal.wait_for("outer$")


def test_the_clients_terminal_is_left_as_it_was(server: Server, small_terminal: Tmux) -> None:
    facts = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}"
    small_terminal.line("stty -g > before; clear; echo mark")
    small_terminal.wait_for("mark")
    before = small_terminal.facts(facts)
    connect(small_terminal, server)
    create(small_terminal, "tidy")
    # A program that leaves everything on.
    shell(small_terminal, r"printf '\033[?1049h\033[?1000h\033[?2004h\033[?25l'; echo on", "on")
    disconnect(small_terminal)
    assert small_terminal.facts(facts) == before
    assert "mark" in small_terminal.screen()
    small_terminal.line("stty -g | cmp - before && echo same-$((1+1)); rm before")
    small_terminal.wait_for("same-2")


def test_workspace_outlives_stop_and_start(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "keeper")
    shell(terminal, "PS1='old> '; clear; echo precious > file; sync; echo done-$((1+1))", "done-2")
    menu(terminal, "x")
    terminal.wait_for("Stop keeper?")
    terminal.press("y")
    terminal.wait_for("The container has stopped")
    terminal.press("Enter")
    terminal.wait_for_match(PROMPT, 60)
    shell(terminal, "clear; cat /workspace/file", "precious")
    disconnect(terminal)


def test_a_shell_that_ends_offers_a_new_one(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "ender")
    terminal.line("PS1='old> '; clear")
    terminal.wait_gone("/workspace$")
    terminal.line("exit 3")
    terminal.wait_for("The shell ended (exit 3)")
    terminal.press("Enter")
    terminal.wait_for_match(PROMPT)
    shell(terminal, "clear; echo fresh-$((1+1))", "fresh-2")
    disconnect(terminal)


def test_rename_and_delete_with_a_typed_confirmation(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "gone")
    back_to_list(terminal)
    terminal.press("r")
    terminal.wait_for("Rename")
    terminal.press("C-u")
    terminal.type("renamed")
    terminal.press("Enter")
    terminal.wait_for_match(r"renamed\s")
    terminal.press("d")
    terminal.wait_for("Delete renamed?")
    terminal.type("rename")
    terminal.press("Enter")
    assert "Delete renamed?" in terminal.screen()
    terminal.type("d")
    terminal.press("Enter")
    terminal.wait_gone("renamed", 30)
    terminal.press("q")
    terminal.wait_for("outer$")


def test_every_key_but_the_prefix_reaches_the_container(
    server: Server, small_terminal: Tmux
) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "keys")
    # Until the terminal is raw, ctrl+q means something to it.
    shell(terminal, "stty raw -echo; echo raw-$((1+1)); timeout 60 od -An -v -tx1 -w1", "raw-2")
    sent = ["C-q", "C-c", "C-p", "C-z", "Tab", "F1", "Escape", "M-x", "C-]"]
    expected = "11 03 10 1a 09 1b 4f 50 1b 1b 78 1d"
    for key in sent[:-1]:
        terminal.press(key)
    # Twice sends it.
    terminal.press("C-]")
    terminal.wait_for("Send ctrl+]")
    terminal.press("C-]")
    terminal.wait_until(
        lambda screen: expected in " ".join(re.findall(r"^\s*([0-9a-f]{2})\s*$", screen, re.M)),
        expected,
    )
    menu(terminal, "q")
    terminal.wait_for("keeps running")


def test_full_screen_programs_are_usable(server: Server, terminal: Tmux) -> None:
    connect(terminal, server)
    create(terminal, session_name(terminal, "programs"))
    shell(terminal, "seq 1 500 > numbers; clear; echo ready-$((1+1))", "ready-2")

    terminal.line("vim numbers")
    terminal.wait_for('"numbers" 500L')
    terminal.type("250GChere was 250")
    terminal.press("Escape")
    terminal.line(":wq")
    terminal.wait_for_match(PROMPT)
    shell(terminal, "clear; sed -n 250p numbers", "here was 250")

    terminal.line("less numbers")
    terminal.wait_for_match(r"^\s*1$")
    terminal.press("G")
    terminal.wait_for_match(r"^\s*500$")
    terminal.press("q")

    terminal.line("clear; htop")
    terminal.wait_for("Load average")
    terminal.press("q")

    terminal.line("clear; python -q")
    terminal.wait_for(">>>")
    terminal.line("[n**2 for n in range(5)]")
    terminal.wait_for("[0, 1, 4, 9, 16]")
    terminal.press("C-d")

    terminal.line("clear; tmux new -s inner")
    terminal.wait_for("[inner]")
    terminal.press("C-b", "%")
    terminal.wait_for("│")
    terminal.line("tmux kill-server")
    terminal.wait_for("[server exited]")
    disconnect(terminal)


def test_a_resize_reaches_the_program_both_ways(server: Server, small_terminal: Tmux) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "sizes")
    terminal.line("while :; do read -t 0.1; printf '\\r=%s=' \"$(stty size)\"; done")
    terminal.wait_for_match(r"=\d+ 80=")
    terminal.resize(132, 43)
    terminal.wait_for_match(r"=(39|40|41|42) 132=")
    terminal.resize(60, 20)
    terminal.wait_for_match(r"=(16|17|18|19) 60=")
    menu(terminal, "q")
    terminal.wait_for("keeps running")


def test_the_local_app_shows_the_same_sessions_and_terminals(
    server: Server, small_terminal: Tmux
) -> None:
    terminal = small_terminal
    connect(terminal, server)
    create(terminal, "shared")
    shell(terminal, "HERE=local-$((40+2)); clear; echo $HERE", "local-42")
    disconnect(terminal)

    variables = [f"{k}={v}" for k, v in server.environment.items() if k.startswith("VIBETUI_")]
    where = f"cd {Path.cwd()} && env HOME={server.home} {' '.join(variables)}"
    local = f"{where} {sys.executable} -m vibetui"
    terminal.line("clear")
    terminal.line(local)
    terminal.wait_for("shared")
    terminal.wait_for(LIST)
    terminal.press("Enter")
    terminal.wait_for_match(r"^\s*local-42")
    shell(terminal, "clear; echo again-$HERE", "again-local-42")
    disconnect(terminal)


def test_a_client_without_a_terminal_gets_one_sentence(server: Server) -> None:

    for words, status in ((["-T"], 1), (["-T", "nowhere"], 255)):
        done = subprocess.run(
            shlex.split(server.ssh(*words)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert done.returncode == status
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
