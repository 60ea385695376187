"""What the front turns away, and how it says so."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.sshd_support import FrontUnderTest, eventually, fingerprint


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front")) as running:
        yield running


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
    )


def test_without_a_terminal_a_client_gets_one_sentence_and_status_1(front: FrontUnderTest) -> None:
    done = run(front.ssh_words())
    assert (done.returncode, done.stdout) == (1, "")
    assert "vibetui needs a terminal for its app. Use `ssh -t`" in done.stderr
    assert front.ui_processes() == []


@pytest.mark.parametrize("words", [("scp", "-t", "x"), ("rsync", "--server")])
def test_a_tool_that_names_no_session_hears_how_to(
    front: FrontUnderTest, words: tuple[str, ...]
) -> None:
    done = run(front.ssh_words(*words))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{words[0]} has to know which session" in done.stderr


def test_another_subsystem_is_refused(front: FrontUnderTest) -> None:
    command = front.ssh_words()
    done = run([*command[:-1], "-s", command[-1], "netconf"])
    assert done.returncode == 1
    assert "There is no subsystem “netconf”." in done.stderr


def test_a_key_that_nobody_has_added_is_refused_and_audited(front: FrontUnderTest) -> None:
    key = front.make_key("stranger")
    done = run(front.ssh_words(key=key))
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr
    eventually(
        lambda: any(
            entry["code"] == "login.refused"
            and entry["address"] == "127.0.0.1"
            and entry["detail"]
            == {"name": "vibe", "methods": ["publickey"], "fingerprints": [fingerprint(key)]}
            for entry in front.core.audited
        ),
        "the refusal is audited with the key that was offered",
    )


def test_a_login_is_told_to_the_core_with_address_method_and_key(front: FrontUnderTest) -> None:
    run(front.ssh_words())
    said = {
        "code": "login",
        "user_id": "ada000000000",
        "method": "publickey",
        "fingerprint": fingerprint(front.key),
        "address": "127.0.0.1",
        "detail": "",
    }
    eventually(lambda: said in front.core.audited, "the core hears of the login")


def test_a_login_name_with_the_accounts_own_name_will_do(front: FrontUnderTest) -> None:
    done = run([*front.ssh_words()[:-1], "ada@127.0.0.1"])
    assert "vibetui needs a terminal" in done.stderr


def test_somebody_elses_login_name_is_refused_and_says_which_to_use(front: FrontUnderTest) -> None:
    done = run([*front.ssh_words(options=("LogLevel=INFO",))[:-1], "somebody-else@127.0.0.1"])
    assert done.returncode == 255
    assert "That key isn't somebody-else's. Connect as vibe@HOST" in done.stderr
    assert "Permission denied (publickey)" in done.stderr


def test_a_client_that_offers_key_after_key_is_told_to_name_one(front: FrontUnderTest) -> None:
    keys = [front.make_key(f"wrong{number}") for number in range(26)]
    words = front.ssh_words(key=keys[0], options=tuple(f"IdentityFile={key}" for key in keys[1:]))
    done = run(words)
    assert done.returncode == 255
    assert "Too many keys were offered: name yours with ssh -i FILE" in done.stderr


@pytest.mark.parametrize(
    ("option", "refused"),
    [
        ("-o", "PasswordAuthentication=yes"),
        ("-o", "KbdInteractiveAuthentication=yes"),
    ],
)
def test_there_is_no_way_in_but_a_key(front: FrontUnderTest, option: str, refused: str) -> None:
    command = front.ssh_words()
    done = run([*command[:-1], option, refused, "-o", "PubkeyAuthentication=no", command[-1]])
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


@pytest.mark.parametrize(
    "offer",
    ["KexAlgorithms=diffie-hellman-group14-sha1", "Ciphers=3des-cbc", "HostKeyAlgorithms=ssh-rsa"],
)
def test_old_algorithms_are_not_spoken(front: FrontUnderTest, offer: str) -> None:
    done = run(front.ssh_words(options=(offer, "LogLevel=INFO")))
    assert done.returncode == 255
    assert "no matching" in done.stderr


def test_nothing_is_compressed_before_or_after_login(front: FrontUnderTest) -> None:
    done = run(front.ssh_words(options=("LogLevel=DEBUG1", "Compression=yes")))
    assert "compression: none" in done.stderr
