"""PuTTY's command line tools: what is under its windows, too."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e import steps
from tests.e2e.openssh import run
from tests.e2e.reach import HOST, Reach, at_home, echoed, free_port, running
from tests.sshd_support import fingerprint
from tests.tmux import Tmux

MEGABYTE = bytes(range(256)) * 4096


@pytest.fixture
def key(web: Reach, home: Path) -> Path:
    """The account's key in PuTTY's own form."""
    converted = home / "key.ppk"
    words = ["puttygen", str(web.key), "-O", "private", "-o", str(converted)]
    assert run(words, environment=at_home(home)).returncode == 0
    return converted


def putty(program: str, reach: Reach, key: Path, *options: str) -> list[str]:
    """All but the host. The server's key is pinned: nothing is asked, nothing is taken on trust."""
    return [
        *(program, "-batch", "-i", str(key), "-P", str(reach.port)),
        *("-hostkey", fingerprint(reach.host_key)),
        *options,
    ]


def plink(reach: Reach, key: Path, *options: str, login: str | None = None) -> list[str]:
    return [*putty("plink", reach, key, *options), f"{login or reach.login}@{HOST}"]


def test_a_command_comes_back_with_its_streams_and_status(
    web: Reach, key: Path, home: Path
) -> None:
    line = [*plink(web, key), "cat; echo to stderr >&2; exit 7"]
    done = run(line, MEGABYTE, at_home(home))
    assert (done.returncode, done.stdout) == (7, MEGABYTE), done.stderr[-500:]
    assert b"to stderr" in done.stderr


def test_the_lobby_takes_a_command_for_a_session(web: Reach, key: Path, home: Path) -> None:
    done = run([*plink(web, key, login="vibe"), "web", "--", "pwd"], environment=at_home(home))
    assert (done.returncode, done.stdout) == (0, b"/workspace\n"), done.stderr


def test_a_script_on_stdin_is_run_by_the_login_shell(web: Reach, key: Path, home: Path) -> None:
    done = run(plink(web, key, "-T"), b"echo $((6*7))\n", at_home(home))
    assert (done.returncode, done.stdout) == (0, b"42\n"), done.stderr


def test_with_a_terminal_a_command_sees_one_of_its_type(web: Reach, key: Path, home: Path) -> None:
    done = run([*plink(web, key, "-t"), "tty; echo $TERM; exit 3"], environment=at_home(home))
    assert b"/dev/pts/" in done.stdout, done.stderr
    assert done.returncode == 3


def test_its_user_sees_the_app_and_leaves_it(
    web: Reach, key: Path, home: Path, small_terminal: Tmux
) -> None:
    small_terminal.line(f"HOME={home} {shlex.join(plink(web, key, login='vibe'))}; echo left $?")
    small_terminal.wait_for(steps.LIST)
    small_terminal.press("q")
    small_terminal.wait_for("left 0")


@pytest.mark.parametrize("protocol", ["-sftp", "-scp"])
def test_pscp_brings_a_file_there_and_back(
    web: Reach, key: Path, home: Path, protocol: str
) -> None:
    sent, back = home / "sent", home / "back"
    sent.write_bytes(MEGABYTE)
    there = f"{web.login}@{HOST}:pscp{protocol}"
    for ends in ((str(sent), there), (there, str(back))):
        done = run([*putty("pscp", web, key, protocol), *ends], environment=at_home(home))
        assert done.returncode == 0, done.stdout + done.stderr
    assert back.read_bytes() == MEGABYTE


def test_psftp_puts_and_gets_and_lists(web: Reach, key: Path, home: Path) -> None:
    sent, back, batch = home / "sent", home / "back", home / "batch"
    sent.write_bytes(MEGABYTE)
    batch.write_text(
        f"mkdir psftp\nput {sent} psftp/file\nls psftp\nget psftp/file {back}\n"
        "mv psftp/file psftp/moved\nrm psftp/moved\nrmdir psftp\n"
    )
    line = [*putty("psftp", web, key, "-b", str(batch)), f"{web.login}@{HOST}"]
    done = run(line, environment=at_home(home))
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"file" in done.stdout
    assert back.read_bytes() == MEGABYTE


def test_ports_inside_are_forwarded(echoing: Reach, key: Path, home: Path) -> None:
    port = free_port()
    line = plink(echoing, key, "-N", "-L", f"{port}:127.0.0.1:7007")
    with running(line, at_home(home)):
        assert echoed(port, MEGABYTE) == MEGABYTE


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", 256), ("ecdsa", 256), ("rsa", 3072)])
def test_its_own_keys_log_in(web: Reach, home: Path, kind: str, bits: int) -> None:
    made, public = home / f"{kind}.ppk", home / f"{kind}.pub"
    nothing = home / "no-passphrase"
    nothing.write_text("")
    words = ["-t", kind, "-b", str(bits), "-q", "--new-passphrase", str(nothing), "-o", str(made)]
    assert run(["puttygen", *words], environment=at_home(home)).returncode == 0
    words = ["-O", "public-openssh", "-o", str(public)]
    assert run(["puttygen", str(made), *words], environment=at_home(home)).returncode == 0
    web.add_key(public)
    done = run([*plink(web, made), "echo in"], environment=at_home(home))
    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr
