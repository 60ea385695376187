"""OpenSSH's client and what is built on it: the ways in that no other test of its goes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.e2e.clients import vscode
from tests.e2e.openssh import run, tool
from tests.e2e.reach import Reach, at_home, connected, echoed, free_port, running, spoken

MEGABYTE = bytes(range(256)) * 4096
_BEHIND = 2200
"""A port of the session's."""


@pytest.mark.parametrize(
    ("kind", "bits"), [("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 3072)]
)
def test_every_kind_of_key_logs_in(web: Reach, home: Path, kind: str, bits: int) -> None:
    key = home / "key"
    words = ["ssh-keygen", "-q", "-t", kind, "-b", str(bits), "-N", "", "-f", str(key)]
    assert run(words).returncode == 0
    web.add_key(key.with_suffix(".pub"))
    line = web.openssh("echo in")
    line[line.index("-i") + 1] = str(key)
    done = run(line)
    assert (done.returncode, done.stdout) == (0, b"in\n"), done.stderr


def test_a_port_inside_is_forwarded(echoing: Reach) -> None:
    port = free_port()
    with running(echoing.openssh(options=("-N", "-L", f"{port}:127.0.0.1:7007"))):
        assert echoed(port, MEGABYTE) == MEGABYTE


def test_a_proxy_leads_to_ports_inside(echoing: Reach) -> None:
    port = free_port()
    with running(echoing.openssh(options=("-N", "-D", str(port)))), connected(port) as proxy:
        assert spoken(vscode.through_socks(proxy, 7007), MEGABYTE) == MEGABYTE


def test_a_session_is_a_jump_host(web: Reach, home: Path) -> None:
    """The host behind it is this server again, which ``-R`` has brought into the session."""
    wait = f"until (: < /dev/tcp/127.0.0.1/{_BEHIND}) 2>/dev/null; do sleep 0.05; done"
    bring = ("-R", f"{_BEHIND}:127.0.0.1:{web.port}")
    config = home / "config"
    config.write_text(
        f"IdentityFile {web.key}\nIdentitiesOnly yes\n"
        "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n"
        f"Host jump\n  HostName 127.0.0.1\n  Port {web.port}\n  User {web.login}\n"
        f"Host behind\n  HostName 127.0.0.1\n  Port {_BEHIND}\n  User {web.login}\n"
    )
    with running(web.openssh(f"{wait}; echo there; exec cat", options=bring)) as bringing:
        assert bringing.stdout is not None
        assert bringing.stdout.readline() == b"there\n"
        done = run(["ssh", "-F", str(config), "-J", "jump", "behind", "echo behind it"])
    assert (done.returncode, done.stdout) == (0, b"behind it\n"), done.stderr


def test_git_clones_and_pushes(web: Reach, home: Path) -> None:
    made = run(web.openssh("git init -q --bare pushed.git"))
    assert made.returncode == 0, made.stderr
    _, *options, host = web.openssh()
    environment = at_home(home) | {"GIT_SSH_COMMAND": shlex.join(["ssh", *options])}

    def git(*words: str) -> str:
        done = run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], b"", environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    clone = str(home / "clone")
    git("clone", "-q", f"{host}:/workspace/pushed.git", clone)
    git("-C", clone, "commit", "-q", "--allow-empty", "-m", "from here")
    git("-C", clone, "push", "-q", "origin", "HEAD:main")
    assert "from here" in run(web.openssh("git -C pushed.git log main")).stdout.decode()


def test_rsync_brings_a_tree_there_and_back_and_then_sends_what_changed(
    web: Reach, home: Path
) -> None:
    sent, back = home / "sent", home / "back"
    (sent / "deep").mkdir(parents=True)
    (sent / "deep" / "file").write_bytes(MEGABYTE)
    (sent / "link").symlink_to("deep/file")
    _, *options, host = web.openssh()
    rsync = ["rsync", "-a", "--stats", "-e", shlex.join(["ssh", *options])]
    for ends in ((f"{sent}/", f"{host}:synced/"), (f"{host}:synced/", f"{back}/")):
        done = run([*rsync, *ends])
        assert done.returncode == 0, done.stderr
    assert (back / "deep" / "file").read_bytes() == MEGABYTE
    assert (back / "link").readlink() == Path("deep/file")
    (sent / "deep" / "file").write_bytes(MEGABYTE[:-4] + b"new!")
    done = run([*rsync, "--no-whole-file", f"{sent}/", f"{host}:synced/"])
    literal = next(line for line in done.stdout.decode().splitlines() if "Literal data" in line)
    assert int(literal.split(":")[1].split()[0].replace(",", "")) < len(MEGABYTE) // 10


@pytest.mark.parametrize("protocol", ["-s", "-O"])
def test_scp_brings_a_tree_there_and_back(web: Reach, home: Path, protocol: str) -> None:
    sent, back = home / "sent", home / "back"
    sent.mkdir()
    (sent / "file").write_bytes(MEGABYTE)
    options, host = tool(web.server, web.login)
    for ends in ((str(sent), f"{host}:scp{protocol}"), (f"{host}:scp{protocol}", str(back))):
        done = run(["scp", protocol, "-r", *options, *ends])
        assert done.returncode == 0, done.stderr
    assert (back / "file").read_bytes() == MEGABYTE
