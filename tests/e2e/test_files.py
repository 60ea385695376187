"""Files of sessions whether they run or not, whatever is in their image; and their record."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.conftest import BASE_IMAGE
from tests.e2e.openssh import add_user, make_session, run, tool, words
from tests.server import Server
from tests.session_support import IMAGE, import_image, raw_client
from tests.sshd_support import eventually
from vibetui.model import LABEL_INSTANCE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with templates without sftp-server, and without an image; it starts nothing unasked."""
    import_image()
    running = Server(
        tmp_path_factory.mktemp("server"),
        VIBETUI_TEMPLATES__BASE__IMAGE=BASE_IMAGE,
        VIBETUI_TEMPLATES__TINY__IMAGE=IMAGE,
        VIBETUI_TEMPLATES__GONE__IMAGE="vibetui-test/absent:latest",
    )
    running.start()
    try:
        yield running
    finally:
        running.stop()
        running.remove_everything()


def sftp(
    server: Server, session: str, batch: str, key: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    options, host = tool(server, f"vibe+{session}", key)
    return run(["sftp", "-q", "-b", "-", *options, host], batch.encode())


def lobby(server: Server, *verb: str, key: Path | None = None) -> bytes:
    """What a verb that succeeds prints."""
    done = run(words(server, *verb, key=key))
    assert done.returncode == 0, done.stderr
    return done.stdout


def audited(server: Server, code: str) -> list[dict[str, Any]]:
    trail = (server.data_dir / "audit.jsonl").read_text().splitlines()
    return [entry["detail"] for line in trail if (entry := json.loads(line))["code"] == code]


def status_of(server: Server, name: str) -> str:
    listed = json.loads(lobby(server, "ls", "--json"))
    return next(str(each["status"]) for each in listed if each["name"] == name)


def test_where_the_image_has_no_sftp_server_the_workspace_is_served_and_one_line_says_so(
    server: Server, tmp_path: Path
) -> None:
    lobby(server, "new", "tiny", "--template", "tiny")
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * 4096)
    done = sftp(server, "tiny", f"pwd\nput {sent} there\nget there {tmp_path / 'back'}\n")
    assert done.returncode == 0, done.stderr
    assert b"/workspace\n" in done.stdout
    assert (tmp_path / "back").read_bytes() == sent.read_bytes()
    line = b"lacks sftp-server (Debian: openssh-sftp-server), so only /workspace is served."
    assert done.stderr.count(line) == 1
    assert status_of(server, "tiny") == "running", "sftp alone starts it"
    seen = run(words(server, "ls -l there", login="vibe+tiny"))
    assert str(sent.stat().st_size).encode() in seen.stdout, seen.stderr


def test_a_session_that_can_not_be_started_has_its_files_all_the_same(
    server: Server, tmp_path: Path
) -> None:
    lobby(server, "new", "gone", "--template", "gone")
    sent = tmp_path / "sent"
    sent.write_text("kept")
    options, host = tool(server, "vibe+gone")
    done = run(["scp", *options, str(sent), f"{host}:there"])
    assert done.returncode == 0, done.stderr
    assert b"can't be had" in done.stderr
    assert b"So only /workspace is served." in done.stderr
    back = tmp_path / "back"
    assert run(["scp", *options, f"{host}:/workspace/there", str(back)]).returncode == 0
    assert back.read_text() == "kept"


def test_a_client_that_comes_back_to_a_session_that_was_stopped_has_its_files_and_starts_nothing(
    server: Server,
) -> None:
    lobby(server, "new", "halted")
    options, host = tool(server, "vibe+halted")
    with subprocess.Popen(
        ["sftp", "-q", "-b", "-", *options, host],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"mkdir before\npwd\n")
        client.stdin.flush()
        while b"Remote working directory" not in (line := client.stdout.readline()):
            assert line, "it has ended"
        lobby(server, "stop", "halted")
        client.stdin.close()
    done = sftp(server, "halted", "ls\n")
    assert done.returncode == 0, done.stderr
    assert b"before" in done.stdout
    assert b"was stopped" in done.stderr
    assert status_of(server, "halted") == "stopped"


def test_a_server_that_starts_nothing_unasked_serves_the_files_of_what_does_not_run(
    tmp_path: Path,
) -> None:
    other = Server(tmp_path, VIBETUI_START_ON_DEMAND="false")
    other.start()
    try:
        make_session(other, "web")
        done = sftp(other, "web", "mkdir made\nls\n")
        assert done.returncode == 0, done.stderr
        assert b"made" in done.stdout
        assert b"isn't running. So only /workspace is served." in done.stderr
        assert status_of(other, "web") == "stopped"
        lobby(other, "rm", "web", "--yes")
        wanted = {"label": f"{LABEL_INSTANCE}={other.instance()}"}
        assert raw_client().containers(all=True, filters=wanted) == []
        assert not raw_client().volumes(filters=wanted)["Volumes"]
    finally:
        other.stop()
        other.remove_everything()


def test_who_only_watches_a_session_has_none_of_its_files(server: Server, tmp_path: Path) -> None:
    lobby(server, "new", "seen")
    key = add_user(server, "bob", tmp_path)
    me = lobby(server, "whoami").decode().strip()
    share(server, "seen", "bob", "viewer")
    refused = sftp(server, f"{me}+seen", "ls\n", key)
    assert refused.returncode != 0
    assert b"its files are for those who may write" in refused.stderr
    copied = run(words(server, "cp", f"{me}+seen", "mine", key=key))
    assert copied.returncode == 1
    assert b"can't copy it" in copied.stderr
    share(server, "seen", "bob", "writer")
    assert sftp(server, f"{me}+seen", "ls\n", key).returncode == 0
    lobby(server, "cp", f"{me}+seen", "mine", key=key)
    listed = json.loads(lobby(server, "ls", "--json", key=key))
    assert {each["name"]: each["access"] for each in listed} == {"seen": "writer", "mine": "owner"}


def share(server: Server, session: str, name: str, access: str) -> None:
    import asyncio

    from vibetui.core.client import CoreClient
    from vibetui.model import Access

    async def ask() -> None:
        core = CoreClient(server.data_dir / "run" / "core.sock")
        try:
            found = await core.find_session(session)
            await core.share_session(found.session_id, name, Access(access))
        finally:
            await core.close()

    asyncio.run(ask())


def test_each_file_is_in_the_audit_trail_and_none_of_that_on_the_clients_screen(
    server: Server, tmp_path: Path
) -> None:
    lobby(server, "new", "watched")
    sent = tmp_path / "sent"
    sent.write_bytes(b"x" * 12345)
    strange = "\x1b[2J é"
    before = len(audited(server, "file.transferred"))
    done = sftp(
        server,
        "watched",
        f"put {sent} one\nget one {tmp_path / 'back'}\nmkdir d\nrename one d/two\n"
        f'-rm nothing\nrm d/two\nput {sent} "{strange}"\n',
    )
    assert done.returncode == 0, done.stderr
    assert b"close" not in done.stderr
    assert b"session opened" not in done.stderr
    base = "/workspace/"
    expected = [
        {"did": "transfer", "path": f"{base}one", "read": 0, "written": 12345},
        {"did": "transfer", "path": f"{base}one", "read": 12345, "written": 0},
        {"did": "mkdir", "path": f"{base}d"},
        {"did": "rename", "path": f"{base}one", "to": f"{base}d/two"},
        {"did": "remove", "path": f"{base}nothing"},
        {"did": "remove", "path": f"{base}d/two"},
        {"did": "transfer", "path": f"{base} [2J é", "read": 0, "written": 12345},
    ]

    eventually(lambda: len(audited(server, "file.transferred")) >= before + 7, "all are recorded")
    assert audited(server, "file.transferred")[before:] == expected


def test_a_transfer_that_its_client_breaks_off_is_in_the_audit_trail(
    server: Server, tmp_path: Path
) -> None:
    lobby(server, "new", "broken")
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    options, host = tool(server, "vibe+broken")
    slow = subprocess.Popen(
        ["sftp", "-q", "-l", "800", "-b", "-", *options, host],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert slow.stdin is not None
    slow.stdin.write(f"put {large} broken-off\n".encode())
    slow.stdin.close()
    look = words(server, "stat -c %s broken-off", login="vibe+broken")
    eventually(lambda: run(look).stdout.strip() not in (b"", b"0"), "it is under way", 20)
    slow.kill()
    slow.wait()

    def told() -> bool:
        return any(
            each.get("path") == "/workspace/broken-off" and 0 < each["written"] < 200_000_000
            for each in audited(server, "file.transferred")
        )

    eventually(told, "the trail says how far it came")


def test_rsync_goes_both_ways(server: Server, tmp_path: Path) -> None:
    lobby(server, "new", "synced")
    *line, host = words(server, login="vibe+synced")
    there = tmp_path / "there"
    (there / "deep").mkdir(parents=True)
    (there / "deep" / "file").write_bytes(bytes(range(256)) * 1000)
    (there / "link").symlink_to("deep/file")
    shell = shlex.join(line)
    done = run(["rsync", "-a", "-e", shell, f"{there}/", f"{host}:copy/"])
    assert done.returncode == 0, done.stderr
    back = tmp_path / "back"
    done = run(["rsync", "-a", "-e", shell, f"{host}:copy/", f"{back}/"])
    assert done.returncode == 0, done.stderr
    assert (back / "deep" / "file").read_bytes() == (there / "deep" / "file").read_bytes()
    assert (back / "link").readlink() == Path("deep/file")


def test_a_session_is_copied_with_what_is_in_its_workspace(server: Server) -> None:
    lobby(server, "new", "source")
    made = run(words(server, "echo hello > it; ln -s it soft", login="vibe+source"))
    assert made.returncode == 0, made.stderr
    assert lobby(server, "cp", "source", "target") == b"target is made, a copy of source.\n"
    seen = run(words(server, "cat soft", login="vibe+target"))
    assert seen.stdout == b"hello\n", seen.stderr
    again = run(words(server, "cp", "source", "target"))
    assert again.returncode == 1
    assert again.stderr == "vibetui: You have a session called “target” already.\n".encode()
    answer = json.loads(lobby(server, "cp", "source", "third", "--json"))
    assert (answer["name"], answer["status"], answer["template"]) == ("third", "stopped", "base")
    assert "target" in {each["name"] for each in audited(server, "session.copied")}


def test_a_copy_whose_client_leaves_is_given_up(server: Server) -> None:
    lobby(server, "new", "long")
    fill = "head -c 300000000 /dev/urandom > large"
    assert run(words(server, fill, login="vibe+long")).returncode == 0
    wanted = {"label": [f"{LABEL_INSTANCE}={server.instance()}", "vibetui.copy"]}

    def left() -> int:
        client = docker.APIClient()
        volumes = client.volumes(filters=wanted)["Volumes"] or ()
        return len(client.containers(all=True, filters=wanted)) + len(volumes)

    before = left()
    copying = subprocess.Popen(words(server, "cp", "long", "half"), stderr=subprocess.DEVNULL)
    eventually(lambda: left() == before + 2, "a helper copies")
    copying.kill()
    copying.wait()
    eventually(lambda: left() == before, "nothing is left of it", 20)
    assert b"half" not in lobby(server, "ls")
