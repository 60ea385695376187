"""Two people at one terminal, from the invitation to its end, over real SSH."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.steps import LIST, connect, create, menu, shell
from tests.server import Server
from tests.tmux import Tmux

pytestmark = pytest.mark.docker


@pytest.fixture
def bobs_key(server: Server, tmp_path: Path) -> Path:
    """The key of a second account."""
    key = tmp_path / "bob"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=20
    )
    added = server.vibetui("user", "add", "bob", "--key", f"{key}.pub")
    assert added.returncode == 0, added.stderr + added.stdout
    return key


@pytest.fixture
def bobs(tmp_path: Path) -> Iterator[Tmux]:
    """A terminal larger than the other."""
    place = tmp_path / "bobs"
    place.mkdir()
    with Tmux(place, columns=120, rows=40) as tmux:
        yield tmux


def ssh_as(server: Server, key: Path) -> str:
    """The printed line with another identity."""
    words = shlex.split(server.ssh())
    words[words.index("-i") + 1] = str(key)
    return shlex.join(words)


def invite(terminal: Tmux, name: str) -> None:
    menu(terminal, "S")
    terminal.wait_for("Nobody else can see it")
    terminal.type(name)
    terminal.press("Enter")
    terminal.wait_for_match(rf"{name} +viewer")
    terminal.press("Escape")
    terminal.wait_gone("Invite somebody")


def test_one_invites_another_who_watches_then_types_then_is_out(
    server: Server, small_terminal: Tmux, bobs: Tmux, bobs_key: Path
) -> None:
    adas = small_terminal
    connect(adas, server)
    create(adas, "pair")
    shell(adas, "clear; echo first-$((1+1))", "first-2")
    invite(adas, "bob")

    bobs.line(ssh_as(server, bobs_key))
    bobs.wait_for(LIST)
    bobs.wait_for_match(r"pair \S+'s +● running · view")
    bobs.press("Enter")
    bobs.wait_for("first-2")
    shell(adas, "echo live-$((1+2))", "live-3")
    bobs.wait_for("live-3")
    bobs.line("echo never-$((1+3))")
    shell(adas, "echo size-$(stty size | tr ' ' x)", r"size-22x80")
    assert "never" not in adas.screen()

    menu(adas, "S")
    adas.wait_for_match("bob +viewer")
    adas.press("BTab")
    adas.wait_for("w makes bob a writer")
    adas.press("w")
    adas.wait_for_match("bob +writer")
    bobs.wait_for("You may type into it now")
    bobs.wait_for("live-3")
    shell(bobs, "echo size-$(stty size | tr ' ' x)", r"size-38x120")

    adas.press("d")
    adas.wait_for("Nobody else can see it")
    bobs.wait_for("has ended the sharing")
    bobs.wait_for("No sessions yet")
    adas.press("Escape")
    adas.wait_gone("Invite somebody")
    shell(adas, "echo mine-$(stty size | tr ' ' x)", r"mine-22x80")
