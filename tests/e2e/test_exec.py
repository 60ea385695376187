"""Commands and files in sessions, by the plain OpenSSH tools."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e import steps
from tests.e2e.openssh import make_session, run, tool, words
from tests.server import Server
from tests.tmux import Tmux


@pytest.fixture(scope="module", autouse=True)
def web(server: Server) -> None:
    """A session that has never run: the first command starts it."""
    make_session(server, "web")


def test_a_command_starts_the_session_and_says_so_on_stderr(server: Server) -> None:
    done = run(words(server, "web", "--", "pwd; echo to stderr >&2; exit 7"))
    assert (done.returncode, done.stdout) == (7, b"/workspace\n"), done.stderr
    assert b"Starting web" in done.stderr
    assert b"to stderr" in done.stderr


def test_standard_input_reaches_a_command_to_its_end(server: Server) -> None:
    given = bytes(range(256)) * 8192
    done = run(words(server, "cat; echo", login="vibe+web"), given)
    assert done.stdout == given + b"\n", done.stderr[-500:]


def test_a_shell_without_a_terminal_runs_a_script(server: Server) -> None:
    done = run(words(server, login="vibe+web"), b"echo $((6*7))\n")
    assert (done.returncode, done.stdout) == (0, b"42\n"), done.stderr


def test_with_a_terminal_a_command_sees_one_of_the_right_type(server: Server) -> None:
    done = run(words(server, "web", "--", "tty; echo $TERM; exit 3", options=("-tt",)))
    assert b"/dev/pts/" in done.stdout
    assert done.returncode == 3


def test_a_killed_program_ends_by_its_signal(server: Server) -> None:
    done = run(words(server, "kill -TERM $$", login="vibe+web"))
    assert done.returncode == 255
    assert run(words(server, "true", login="vibe+web")).returncode == 0


def test_a_session_that_is_not_there_is_refused(server: Server) -> None:
    done = run(words(server, "true", login="vibe+nowhere"))
    assert done.returncode == 255
    assert b"There is no such session." in done.stderr


def test_scp_and_sftp_move_files_and_rsync_says_what_is_missing(
    server: Server, tmp_path: Path
) -> None:
    options, host = tool(server, "vibe+web")
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(bytes(range(256)) * 4096)
    assert run(["scp", *options, str(sent), f"{host}:there"]).returncode == 0
    assert run(["scp", "-O", *options, f"{host}:there", str(back)]).returncode == 0
    assert back.read_bytes() == sent.read_bytes()
    batch = f"get there {tmp_path / 'again'}\nls -l there\n".encode()
    done = run(["sftp", "-b", "-", *options, host], batch)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again").read_bytes() == sent.read_bytes()
    shell = shlex.join(words(server)[:-1])
    done = run(["rsync", "-e", shell, str(sent), f"{host}:by-rsync"])
    assert b"add Debian's rsync" in done.stderr or done.returncode == 0


def test_git_clones_from_a_session(server: Server, tmp_path: Path) -> None:
    script = "git init -q r && cd r && git -c user.name=a -c user.email=a@b commit -q --allow-empty"
    assert run(words(server, f"{script} -m first", login="vibe+web")).returncode == 0
    *line, host = words(server, login="vibe+web")
    done = run(
        ["git", "clone", "-q", f"{host}:/workspace/r", str(tmp_path / "r")],
        environment={"PATH": "/usr/bin:/bin", "GIT_SSH_COMMAND": shlex.join(line)},
    )
    assert done.returncode == 0, done.stderr


def test_a_session_that_is_named_with_a_terminal_is_where_the_app_begins(
    server: Server, small_terminal: Tmux
) -> None:
    small_terminal.line(shlex.join(words(server, "web", options=("-t",))))
    small_terminal.wait_for(steps.WORKSPACE, 30)


def test_files_go_where_commands_may_not(server: Server, tmp_path: Path) -> None:
    other = Server(tmp_path / "closed", VIBETUI_ALLOW_EXEC="false")
    other.start()
    try:
        assert run(words(other, "new", "web")).returncode == 0
        refused = run(words(other, "true", login="vibe+web"))
        assert refused.returncode == 255
        assert b"lets nobody run commands" in refused.stderr
        options, host = tool(other, "vibe+web")
        done = run(["sftp", "-b", "-", *options, host], b"pwd\n")
        assert done.returncode == 0, done.stderr
        assert b"/workspace" in done.stdout
    finally:
        other.stop()
        other.remove_everything()
