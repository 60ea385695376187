"""dbclient, which is what routers and small images have."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e import steps
from tests.e2e.openssh import run
from tests.e2e.reach import HOST, Reach, at_home, echoed, free_port, running
from tests.tmux import Tmux


@pytest.fixture
def key(web: Reach, home: Path) -> Path:
    """The account's key in dropbear's own form."""
    converted = home / "key"
    words = ["dropbearconvert", "openssh", "dropbear", str(web.key), str(converted)]
    assert run(words).returncode == 0
    return converted


def dbclient(reach: Reach, key: Path, *options: str, login: str | None = None) -> list[str]:
    return [
        *("dbclient", "-y", "-i", str(key), "-p", str(reach.port)),
        *options,
        f"{login or reach.login}@{HOST}",
    ]


def test_a_command_comes_back_with_its_streams_and_status(
    web: Reach, key: Path, home: Path
) -> None:
    line = [*dbclient(web, key), "cat; echo to stderr >&2; exit 7"]
    given = bytes(range(256)) * 4096
    done = run(line, given, environment=at_home(home))
    assert (done.returncode, done.stdout) == (7, given), done.stderr[-500:]
    assert b"to stderr" in done.stderr


def test_the_lobby_takes_a_command_for_a_session(web: Reach, key: Path, home: Path) -> None:
    done = run([*dbclient(web, key, login="vibe"), "web -- pwd"], environment=at_home(home))
    assert (done.returncode, done.stdout) == (0, b"/workspace\n"), done.stderr


def test_a_script_on_stdin_is_run_by_the_login_shell(web: Reach, key: Path, home: Path) -> None:
    done = run(dbclient(web, key, "-T"), b"echo $((6*7))\n", environment=at_home(home))
    assert (done.returncode, done.stdout) == (0, b"42\n"), done.stderr


def test_with_a_terminal_a_command_sees_one(
    web: Reach, key: Path, home: Path, small_terminal: Tmux
) -> None:
    line = shlex.join([*dbclient(web, key, "-t"), "tty; exit 3"])
    small_terminal.line(f"HOME={home} {line}; echo status $?")
    assert "/dev/pts/" in small_terminal.wait_for("status 3")


def test_its_user_sees_the_app_and_leaves_it(
    web: Reach, key: Path, home: Path, small_terminal: Tmux
) -> None:
    line = shlex.join(dbclient(web, key, login="vibe"))
    small_terminal.line(f"HOME={home} {line}; echo left $?")
    small_terminal.wait_for(steps.LIST)
    small_terminal.press("q")
    small_terminal.wait_for("left 0")


def test_a_port_inside_is_forwarded(echoing: Reach, key: Path, home: Path) -> None:
    port, given = free_port(), bytes(range(256)) * 1024
    with running(
        dbclient(echoing, key, "-N", "-L", f"{port}:127.0.0.1:7007"), environment=at_home(home)
    ):
        assert echoed(port, given) == given


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", 256), ("ecdsa", 256), ("rsa", 3072)])
def test_its_own_keys_log_in(web: Reach, home: Path, kind: str, bits: int) -> None:
    made = home / kind
    assert run(["dropbearkey", "-t", kind, "-s", str(bits), "-f", str(made)]).returncode == 0
    shown = run(["dropbearkey", "-y", "-f", str(made)]).stdout.decode().splitlines()
    public = home / f"{kind}.pub"
    public.write_text(next(line for line in shown if line.startswith(("ssh-", "ecdsa-"))) + "\n")
    web.add_key(public)
    done = run([*dbclient(web, made), "echo in"], environment=at_home(home))
    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr
