"""``docs/clients.md``: what stands there to be pasted works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.openssh import run
from tests.e2e.reach import HOST, Reach, at_home

_DOCUMENT = Path(__file__).parents[3] / "docs" / "clients.md"
_ONLY_HERE = """
Host *
    IdentityFile {key}
    IdentitiesOnly yes
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
"""
_SESSIONS = ("web.vibe", "web.code", "web.gateway", "web.files")


@pytest.fixture
def pasted(web: Reach, home: Path) -> Path:
    """All of the document's configuration in one file, for the server of the tests."""
    blocks = re.findall(r"```ssh-config\n(.*?)```", _DOCUMENT.read_text(), re.DOTALL)
    text = "".join(blocks).replace("HOST\n", f"{HOST}\n").replace("2222", str(web.port))
    file = home / "config"
    file.write_text(text + _ONLY_HERE.format(key=web.key))
    return file


def test_every_host_of_the_document_is_tried_here(pasted: Path) -> None:
    named = re.findall(r"^Host (?!\*)(\S+)$", pasted.read_text(), re.MULTILINE)
    assert named == ["vibe", *_SESSIONS]


def test_the_lobby_answers(pasted: Path) -> None:
    done = run(["ssh", "-F", str(pasted), "vibe", "ls"])
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"web" in done.stdout


@pytest.mark.parametrize("host", _SESSIONS)
def test_a_session_runs_a_command(pasted: Path, host: str) -> None:
    done = run(["ssh", "-F", str(pasted), host, "pwd"])
    assert (done.returncode, done.stdout) == (0, b"/workspace\n"), done.stderr


def test_rsync_takes_the_hosts_name(pasted: Path, home: Path) -> None:
    (home / "src").mkdir()
    (home / "src" / "file").write_text("by rsync")
    done = run(
        ["rsync", "-a", "-e", f"ssh -F {pasted}", f"{home}/src/", "web.files:/workspace/src/"],
        environment=at_home(home),
    )
    assert done.returncode == 0, done.stderr
    read = run(["ssh", "-F", str(pasted), "web.files", "cat /workspace/src/file"])
    assert read.stdout == b"by rsync"
