"""The verbs that a script has, over real SSH."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.openssh import add_user
from tests.server import Server

pytestmark = pytest.mark.e2e


def ssh(
    server: Server, *words: str, option: str = "-T", key: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the printed line with a verb behind it; text as it came, with its line ends."""
    line = shlex.split(server.ssh(*words))
    if key is not None:
        line[line.index("-i") + 1] = str(key)
    done = subprocess.run(
        [line[0], option, *line[1:]], stdin=subprocess.DEVNULL, capture_output=True, timeout=100
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def done(server: Server, *words: str) -> str:
    """What a verb that succeeds prints."""
    answer = ssh(server, *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def answered(server: Server, *words: str) -> Any:
    """The same as JSON."""
    return json.loads(done(server, *words, "--json"))


def refused(server: Server, *words: str, status: int, key: Path | None = None) -> str:
    """The one sentence that a verb which fails says."""
    answer = ssh(server, *words, key=key)
    assert (answer.returncode, answer.stdout) == (status, ""), answer.stderr
    assert answer.stderr.startswith("vibetui: ")
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    return answer.stderr


def status_of(server: Server, name: str) -> str | None:
    return {each["name"]: each["status"] for each in answered(server, "ls")}.get(name)


def test_a_script_makes_starts_stops_renames_and_removes_a_session(server: Server) -> None:
    made = answered(server, "new", "api")
    assert made["name"] == "api"
    assert made["owner"] is None
    assert (made["access"], made["status"], made["last_used_at"]) == ("owner", "stopped", None)
    assert [each for each in answered(server, "ls") if each["name"] == "api"] == [made]

    started = ssh(server, "start", "api")
    assert (started.returncode, started.stdout) == (0, "api is ready.\n"), started.stderr
    assert "vibetui: Creating the container…\n" in started.stderr
    assert status_of(server, "api") == "running"
    assert answered(server, "start", "api")["status"] == "running"

    assert answered(server, "stop", "api")["status"] == "stopped"
    assert status_of(server, "api") == "stopped"

    assert done(server, "rename", "api", "web") == "api is called web now.\n"
    assert status_of(server, "api") is None

    assert "/workspace" in refused(server, "rm", "web", status=1)
    assert status_of(server, "web") == "stopped"
    assert done(server, "rm", "web", "--yes") == "web is removed.\n"
    assert status_of(server, "web") is None


def test_the_list_for_a_person_is_aligned(server: Server) -> None:
    done(server, "new", "short")
    done(server, "new", "a-rather-long-name")
    head, *rows = done(server, "ls").splitlines()
    place = head.index("STATUS")
    mine = [row for row in rows if row.startswith(("short ", "a-rather-long-name "))]
    assert [row[place:].split()[0] for row in mine] == ["stopped", "stopped"]
    assert all(row.endswith("never") for row in mine)


def test_line_ends_suit_the_clients_terminal(server: Server) -> None:
    plain = done(server, "help")
    assert "\r" not in plain
    on_terminal = ssh(server, "help", option="-tt").stdout
    assert on_terminal == plain.replace("\n", "\r\n")
    assert done(server, "ls", "--help") == plain


def test_whoami_names_the_account_of_the_key(server: Server) -> None:
    name = done(server, "whoami").strip()
    assert name
    assert answered(server, "whoami")["name"] == name


@pytest.mark.parametrize(
    "words",
    [
        ("ls", "--colour"),
        ("ls", "surplus"),
        ("new",),
        ("rename", "one"),
        ("new", "one", "--template"),
    ],
    ids=shlex.join,
)
def test_a_mistake_in_the_call_is_one_sentence_and_status_2(
    server: Server, words: tuple[str, ...]
) -> None:
    assert refused(server, *words, status=2).startswith(f"vibetui: {words[0]}: ")


@pytest.mark.parametrize("verb", ["sftp", "git"])
def test_what_is_not_to_be_had_over_ssh_is_said_so(server: Server, verb: str) -> None:
    assert f"“{verb}” isn't available over ssh" in refused(server, verb, "list", status=1)


def test_a_refusal_of_the_core_is_one_sentence_and_status_1(server: Server) -> None:
    done(server, "new", "taken")
    assert "taken" in refused(server, "new", "taken", status=1)
    assert "That name can't be used." in refused(server, "new", "no/name", status=1)
    refused(server, "new", "fine", "--template", "no-such", status=1)
    assert "is empty" in refused(server, "rm", "''", "--yes", status=1)


@pytest.mark.parametrize("verb", ["start", "stop", "rm", "rename"])
def test_a_foreign_session_is_as_one_that_does_not_exist(
    server: Server, tmp_path: Path, verb: str
) -> None:
    name = f"private-{verb}"
    done(server, "new", name)
    owner = done(server, "whoami").strip()
    key = add_user(server, f"stranger-{verb}", tmp_path)

    rest = {"rm": ["--yes"], "rename": ["mine"]}.get(verb, [])
    said = {
        refused(server, verb, wanted, *rest, status=1, key=key)
        for wanted in (name, f"{owner}+{name}", "missing", f"{owner}+missing")
    }
    assert len(said) == 1, said
    assert status_of(server, name) == "stopped"
