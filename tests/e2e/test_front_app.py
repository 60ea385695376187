"""An OpenSSH client in tmux on a real front and zygote: what a user sees on the way in and out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd_support import FrontUnderTest, eventually
from tests.tmux import Tmux


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=80, rows=24) as terminal:
        yield terminal


MODES = (
    "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{mouse_sgr_flag} #{keypad_flag}"
    " #{wrap_flag} #{insert_flag} #{origin_flag}"
)
"""What tmux knows of the modes that an app could leave behind."""

CRASHED = "The app stopped unexpectedly; your session is still running. Reconnect to continue."


def terminal(tmux: Tmux) -> str:
    """The outer terminal's modes, and its line settings."""
    tmux.line('clear; echo "[$(stty -g)]"')
    screen = tmux.wait_for_match(r"^\[[0-9a-f:\n]+\]$")
    return tmux.facts(MODES) + screen.split("]")[0]


def enter(tmux: Tmux, front: FrontUnderTest, command: str = "") -> None:
    """Connect, and wait for the app; the client's exit status will be on the screen after it."""
    tmux.line(f"clear; {command or front.ssh()}; echo status=$?")
    tmux.wait_for("typed=|")
    assert tmux.facts("#{alternate_on}") == "1"


def flat(screen: str) -> str:
    return screen.replace("\n", "")


def left(tmux: Tmux, status: int) -> str:
    """The screen after the client's end."""
    return tmux.wait_for(f"status={status}\n")


def test_the_first_frame_has_the_size_and_what_is_typed_arrives(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    enter(tmux, front)
    tmux.wait_for("size=80x24")
    tmux.type("hello wörld")
    tmux.wait_for("typed=hello wörld|")
    tmux.press("C-c", "C-s")
    tmux.wait_for("<ctrl+c><ctrl+s>")
    tmux.type("Q")
    left(tmux, 0)


def test_resizing_the_window_reaches_the_app(front: FrontUnderTest, tmux: Tmux) -> None:
    enter(tmux, front)
    tmux.resize(200, 50)
    tmux.wait_for("size=200x50")
    tmux.resize(40, 20)
    tmux.wait_for("size=40x20")
    tmux.type("Q")
    left(tmux, 0)


def test_the_app_sees_the_clients_environment_and_nothing_of_the_servers(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    options = ("SendEnv=COLORTERM LANG NO_COLOR SECRET LC_TERMINAL", "SetEnv=HOME=/root")
    sent = "TERM=xterm-256color COLORTERM=truecolor LANG=de_DE.UTF-8 SECRET=client"
    enter(tmux, front, f"{sent} {front.ssh(options=options)}")
    screen = tmux.screen()
    for line in (
        "TERM=xterm-256color",
        "COLORTERM=truecolor",
        "LANG=de_DE.UTF-8",
        "colours=truecolor",
        "SECRET=None",
        "HOME=/",
    ):
        assert line in screen.splitlines(), screen
    tmux.type("Q")
    left(tmux, 0)


@pytest.mark.parametrize(
    ("term", "colours"), [("xterm-256color", "256"), ("xterm", "standard"), ("vt100", "standard")]
)
def test_the_colours_are_those_of_the_clients_terminal(
    front: FrontUnderTest, tmux: Tmux, term: str, colours: str
) -> None:
    enter(tmux, front, f"TERM={term} {front.ssh()}")
    assert f"colours={colours}\n" in tmux.screen()
    assert "38;2;" not in tmux.screen(colours=True)
    tmux.type("Q")
    left(tmux, 0)


def test_leaving_gives_the_terminal_back_and_says_goodbye(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    before = terminal(tmux)
    enter(tmux, front)
    tmux.type("Q")
    assert "Goodbye — come back soon." in left(tmux, 0)
    assert "stand-in" not in tmux.screen()
    assert terminal(tmux) == before


def test_a_killed_app_gives_the_terminal_back_with_one_sentence(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    before = terminal(tmux)
    enter(tmux, front)
    (process,) = front.ui_processes()
    process.kill()
    assert CRASHED in flat(left(tmux, 1))
    assert terminal(tmux) == before
    eventually(
        lambda: any(entry["code"] == "ui.crashed" for entry in front.core.audited),
        "the crash is audited",
    )


def test_a_bug_in_the_app_shows_no_traceback_but_is_in_the_log(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    before = terminal(tmux)
    enter(tmux, front)
    tmux.type("X")
    screen = flat(left(tmux, 1))
    assert CRASHED in screen
    assert "Traceback" not in screen
    assert "RuntimeError" not in screen
    assert terminal(tmux) == before
    assert "a bug in the app" in front.log()


def test_an_app_knows_its_user_by_its_door_and_gets_a_new_one(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    enter(tmux, front)
    tmux.type("D")
    tmux.wait_for("of ada")
    before = front.core.doors_opened
    tmux.type("R")
    tmux.wait_for(f"rebound=door {before + 1} of ada")
    front.core.unavailable = True
    try:
        tmux.type("R")
        tmux.wait_for("The server's core is restarting")
    finally:
        front.core.unavailable = False
    tmux.type("Q")
    left(tmux, 0)


def test_an_app_is_unprivileged_and_holds_few_descriptors(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    enter(tmux, front)
    (process,) = front.ui_processes()
    if os.geteuid() == 0:
        for one in (process.pid, front.front.pid, front.zygote.pid):
            status = Path(f"/proc/{one}/status").read_text()
            assert "Uid:\t65534\t65534\t65534\t65534" in status
            assert "CapEff:\t0000000000000000" in status
            assert "Groups:\t \n" in status
    listeners = [link for link in _links(process.pid) if "socket" in link]
    # The control socket twice, and asyncio's own pair.
    assert len(listeners) == 4
    tmux.type("Q")
    left(tmux, 0)


def _links(pid: int) -> list[str]:
    return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]


def test_a_client_that_goes_away_leaves_no_process(front: FrontUnderTest, tmux: Tmux) -> None:
    enter(tmux, front)
    (process,) = front.ui_processes()
    tmux.line("")
    tmux.type("~.")
    tmux.wait_for("status=255")
    process.wait(5)
    assert front.ui_processes() == []


def test_a_client_that_is_killed_leaves_no_process(
    front: FrontUnderTest, tmux: Tmux, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    command = f"sh -c 'echo $$ > {pid_file}; exec {front.ssh()}'"
    enter(tmux, front, command)
    (process,) = front.ui_processes()
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    process.wait(5)
    assert front.ui_processes() == []


def test_a_restarting_core_is_one_sentence_and_no_app(front: FrontUnderTest, tmux: Tmux) -> None:
    front.core.unavailable = True
    try:
        tmux.line(f"clear; {front.ssh(options=('LogLevel=INFO',))}; echo status=$?")
        assert "vibetui is restarting; try again in a moment." in left(tmux, 255)
    finally:
        front.core.unavailable = False
