"""What somebody may do by ssh, without the app, in a session that is shared with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.openssh import add_user, make_session, run, share, tool, words
from tests.server import Server
from vibetui.model import Access

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def keys(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A writer's and a viewer's, for a session called ``work``."""
    make_session(server, "work")
    place = tmp_path_factory.mktemp("keys")
    made = {}
    for access in (Access.WRITER, Access.VIEWER):
        made[str(access)] = add_user(server, str(access), place)
        share(server, "work", str(access), access)
    return made


@pytest.fixture(scope="module")
def owner(server: Server) -> str:
    return run(words(server, "whoami")).stdout.decode().strip()


def test_it_is_listed_by_its_owners_name(server: Server, keys: dict[str, Path], owner: str) -> None:
    listed = run(words(server, "ls", key=keys["viewer"])).stdout.decode()
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [
        [f"{owner}+work", "stopped", "viewer"]
    ]


def test_a_viewer_starts_nothing_and_reaches_nothing(
    server: Server, keys: dict[str, Path], owner: str
) -> None:
    key = keys["viewer"]
    started = run(words(server, "start", f"{owner}+work", key=key))
    assert (started.returncode, started.stdout) == (1, b"")
    command = run(words(server, "true", login=f"vibe+{owner}+work", key=key))
    assert command.returncode == 255
    assert b"You are watching this session" in command.stderr
    forward = words(server, login="vibe+work", options=("-W", "127.0.0.1:1"), key=key, level="INFO")
    assert b"Forwarding is not allowed here." in run(forward).stderr
    options, host = tool(server, "vibe+work", key)
    files = run(["sftp", "-b", "-", *options, host], b"pwd\n")
    assert files.returncode != 0
    assert b"You are watching this session" in files.stderr


def test_a_writer_starts_it_and_works_in_it(
    server: Server, keys: dict[str, Path], owner: str
) -> None:
    key = keys["writer"]
    started = run(words(server, "start", f"{owner}+work", key=key))
    assert (started.returncode, started.stdout.decode()) == (0, f"{owner}+work is ready.\n")
    for name in ("work", f"{owner}+work"):
        done = run(words(server, "pwd", login=f"vibe+{name}", key=key))
        assert (done.returncode, done.stdout) == (0, b"/workspace\n"), done.stderr
    done = run(words(server, f"{owner}+work", "--", "echo", "here", key=key))
    assert done.stdout == b"here\n", done.stderr


@pytest.mark.parametrize(
    "verb", [("stop",), ("rm", "--yes"), ("rename", "mine")], ids=lambda verb: verb[0]
)
@pytest.mark.parametrize("who", ["writer", "viewer"])
def test_only_the_owner_stops_renames_or_removes_it(
    server: Server, keys: dict[str, Path], owner: str, who: str, verb: tuple[str, ...]
) -> None:
    word, *rest = verb
    done = run(words(server, word, f"{owner}+work", *rest, key=keys[who]))
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"Only {owner} can" in done.stderr.decode()
    assert b"There is no such session" not in done.stderr
    assert b"work" in run(words(server, "ls")).stdout
