"""The administrators' commands on the server's machine and by ssh, over the whole product."""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest

from tests.server import Server
from tests.sshd_support import eventually, fingerprint

pytestmark = pytest.mark.e2e


class Person:
    """Somebody with a key, who may have an account."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.key = server.directory / name
        if not self.key.exists():
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.key)]
            subprocess.run(words, check=True, timeout=20)

    @property
    def public(self) -> str:
        return self.key.with_name(f"{self.name}.pub").read_text()

    def line(self, *words: str) -> list[str]:
        line = shlex.split(self.server.ssh(*words))
        line[line.index("-i") + 1] = str(self.key)
        return line

    def ssh(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.line(*words), input=given, capture_output=True, text=True, timeout=60
        )

    def done(self, *words: str, given: str = "") -> str:
        answer = self.ssh(*words, given=given)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def refused(self, *words: str, given: str = "", status: int = 1) -> str:
        answer = self.ssh(*words, given=given)
        assert (answer.returncode, answer.stdout) == (status, ""), answer.stderr
        assert len(answer.stderr.splitlines()) == 1, answer.stderr
        return answer.stderr

    @contextmanager
    def connected(self) -> Iterator[subprocess.Popen[str]]:
        """A connection with nothing on it, as for forwards."""
        line = self.line()
        line[line.index("LogLevel=ERROR")] = "LogLevel=INFO"
        client = subprocess.Popen(
            [line[0], "-N", *line[1:]],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield client
        finally:
            client.kill()
            client.communicate(timeout=10)


def operator(server: Server, *words: str, given: str | None = None) -> str:
    """What a command prints that succeeds."""
    answer = server.vibetui(*words, input=given)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.fixture(scope="module")
def admin(server: Server) -> Person:
    person = Person(server, "chief")
    operator(server, "user", "add", "chief", "--key", f"{person.key}.pub")
    operator(server, "user", "role", "chief", "admin")
    return person


def account(server: Server, name: str) -> Person:
    person = Person(server, name)
    operator(server, "user", "add", name, "--key", "-", given=person.public)
    return person


def test_an_administrator_does_by_ssh_what_the_operator_does_here(
    server: Server, admin: Person
) -> None:
    ada = Person(server, "ada")
    ada_print = fingerprint(ada.key)
    said = admin.done("user", "add", "ada", "--key", "-", given=ada.public)
    assert said == f"ada: {ada_print} ada\n"
    here = json.loads(operator(server, "user", "list", "--json"))
    there = json.loads(admin.done("user", "list", "--json"))
    assert [each["name"] for each in here] == [each["name"] for each in there]
    (made,) = [each for each in there if each["name"] == "ada"]
    assert (made["role"], made["sessions"]) == ("user", 0)
    assert [key["fingerprint"] for key in made["keys"]] == [ada_print]

    assert ada.done("whoami") == "ada\n"
    (key,) = json.loads(admin.done("key", "list", "ada", "--json"))
    assert key["last_used_at"] is not None
    assert admin.done("key", "label", ada_print, "laptop").endswith("is called laptop now.\n")
    (key,) = json.loads(admin.done("key", "list", "ada", "--json"))
    assert key["comment"] == "laptop"

    admin.done("user", "password", "ada", "--stdin", given="correct horse battery\n")
    assert "too short" in admin.refused("user", "password", "ada", "--stdin", given="short\n")
    factor = json.loads(admin.done("user", "totp", "ada", "--json"))
    assert factor["secret"] in factor["uri"]
    admin.done("user", "totp", "ada", "--remove")
    code = json.loads(admin.done("invite", "--uses", "2", "--expires", "7d", "--json"))["code"]
    (invite,) = json.loads(operator(server, "invite", "list", "--json"))
    assert (invite["uses"], invite["made_by"], invite["state"]) == (2, "chief", "open")
    admin.done("invite", "revoke", invite["invite_id"])
    assert admin.done("template", "list").splitlines()[1].startswith("base ")

    assert "add --yes" in admin.refused("user", "remove", "ada")
    admin.done("user", "remove", "ada", "--yes")
    assert ada.ssh("whoami").returncode == 255

    trail = json.loads(admin.done("audit", "tail", "-n", "200", "--json"))
    changes = [entry for entry in trail if entry["detail"].get("account") == "ada"]
    assert [entry["code"] for entry in changes] == [
        *("user.added", "key.labelled"),
        *("user.changed", "user.changed", "user.changed", "user.removed"),
    ]
    assert {(entry["user"], entry["address"]) for entry in changes} == {("chief", "127.0.0.1")}
    everywhere = json.dumps(trail) + server.log()
    for secret in ("correct horse battery", factor["secret"], code, code.replace("-", "")):
        assert secret not in everywhere


def test_an_ordinary_user_administers_nothing_but_their_own_keys(
    server: Server, admin: Person
) -> None:
    bob, other = account(server, "bob"), Person(server, "other")
    told = {
        bob.refused(*words)
        for words in [
            ("user", "list"),
            ("user", "role", "bob", "admin"),
            ("user", "remove", "chief", "--yes"),
            ("user", "remove", "nobody", "--yes"),
            ("key", "list", "chief"),
            ("key", "remove", fingerprint(admin.key), "--yes"),
            ("key", "label", "SHA256:none", "mine"),
            ("session", "rm", "chief+work", "--yes"),
            ("invite",),
            ("audit", "tail", "-f"),
        ]
    }
    assert told == {"vibetui: Only an administrator can do that.\n"}
    refusals = json.loads(
        operator(server, "audit", "tail", "--user", "bob", "--code", "access.refused", "--json")
    )
    assert len(refusals) == 10
    assert {entry["address"] for entry in refusals} == {"127.0.0.1"}

    first = fingerprint(bob.key)
    assert "only key" in bob.refused("key", "remove", first, "--yes")
    assert bob.done("key", "add", given=other.public) == f"{fingerprint(other.key)} other\n"
    assert other.done("whoami") == "bob\n"
    other.done("key", "label", first, "old laptop")
    listed = {key["fingerprint"]: key for key in json.loads(bob.done("key", "list", "--json"))}
    assert listed[first]["comment"] == "old laptop"
    assert all(key["last_used_at"] for key in listed.values())
    assert "add --yes" in other.refused("key", "remove", first)
    other.done("key", "remove", first, "--yes")
    assert bob.ssh("whoami").returncode == 255
    assert "no verb" not in other.done("help")
    assert "user list" not in other.done("help")
    assert "ssh vibe@HOST user list" in admin.done("help")


def test_a_mistake_in_the_call_is_one_sentence_and_status_2(admin: Person) -> None:
    for words in (("user",), ("user", "role", "chief", "king"), ("invite", "--expires", "soon")):
        assert admin.refused(*words, status=2).startswith(f"vibetui: {words[0]}: ")
    assert "can't be read by its name" in admin.refused("user", "add", "x", "--key", "/etc/passwd")


def test_whoever_is_removed_is_hung_up_on_and_told_why(server: Server, admin: Person) -> None:
    eve, mallory = account(server, "eve"), account(server, "mallory")

    def connections(name: str) -> bool:
        found = ("audit", "tail", "--user", name, "--code", "login", "--json")
        return bool(json.loads(admin.done(*found)))

    with eve.connected() as eves, mallory.connected() as mallorys:
        eventually(lambda: connections("eve") and connections("mallory"), "both log in", 30)
        admin.done("user", "remove", "eve", "--yes")
        assert eves.wait(10) == 255
        assert eves.stderr is not None
        assert "This account can't log in here any more." in eves.stderr.read()
        assert mallorys.poll() is None
        admin.done("key", "remove", fingerprint(mallory.key), "--yes")
        assert mallorys.wait(10) == 255
    assert admin.done("whoami") == "chief\n"


def test_sessions_are_stopped_and_removed_with_a_server_and_without(
    server: Server, admin: Person
) -> None:
    admin.done("new", "left")
    admin.done("new", "right")
    admin.done("start", "left")
    (left,) = [
        each
        for each in json.loads(operator(server, "session", "list", "--json"))
        if each["name"] == "left"
    ]
    assert (left["owner"], left["status"]) == ("chief", "running")
    assert operator(server, "session", "stop", "chief+left") == "chief+left has stopped.\n"
    assert json.loads(admin.done("ls", "--json"))[0]["status"] == "stopped"
    assert "/workspace" in admin.refused("session", "rm", "chief+left")
    admin.done("session", "rm", "chief+left", "--yes")
    assert "no such session" in admin.refused("session", "rm", "chief+left", "--yes")
    server.stop()
    try:
        operator(server, "session", "rm", "chief+right", "--yes")
        assert json.loads(operator(server, "session", "list", "--json")) == []
        told = json.loads(operator(server, "audit", "tail", "--session", "left", "--json"))
        ends = [entry for entry in told if entry["code"] in ("session.stopped", "session.deleted")]
        assert [(entry["user"], entry["detail"].get("by") is None) for entry in ends] == [
            (None, False),
            ("chief", True),
        ]
        following = server.vibetui("audit", "tail", "-f")
        assert following.returncode == 1
        assert "No server is running" in following.stderr
    finally:
        server.start()


def test_the_trail_is_followed_as_it_comes_and_fits_a_terminal(
    server: Server, admin: Person
) -> None:
    line = admin.line("audit", "tail", "-n", "0", "-f", "--code", "user", "--json")
    client = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    entries: Queue[dict[str, Any]] = Queue()

    def read() -> None:
        assert client.stdout is not None
        for text in client.stdout:
            entries.put(json.loads(text))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(2):
            account(server, f"late{number}")
            assert entries.get(timeout=20)["detail"]["account"] == f"late{number}"
    finally:
        client.kill()
        client.wait(10)
        reader.join(10)
    for words in (
        ("audit", "tail"),
        ("user", "list"),
        ("key", "list", "late0"),
        ("invite", "list"),
    ):
        too_long = [line for line in admin.done(*words).splitlines() if len(line) > 80]
        assert not [line for line in too_long if "SHA256:" not in line], words
