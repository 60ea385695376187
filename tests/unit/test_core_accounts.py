"""Which names and which keys are taken, and what is said about the others."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from vibetui.core.accounts import (
    add_account,
    check_user_name,
    operator_name,
    parse_public_key,
    parse_public_keys,
)
from vibetui.errors import Conflict, Invalid
from vibetui.store import Store


def keygen(path: Path, *options: str) -> str:
    """The .pub line of a fresh key at `path`."""
    subprocess.run(
        ["ssh-keygen", "-q", "-N", "", "-C", "ada at home", "-f", str(path), *options], check=True
    )
    return path.with_name(path.name + ".pub").read_text()


@pytest.fixture(scope="module")
def ed25519(tmp_path_factory: pytest.TempPathFactory) -> str:
    return keygen(tmp_path_factory.mktemp("keys") / "id", "-t", "ed25519")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "vibetui.db")
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    "options", [("-t", "ed25519"), ("-t", "rsa", "-b", "3072"), ("-t", "ecdsa", "-b", "521")]
)
def test_a_key_of_ssh_keygen_has_the_fingerprint_that_ssh_keygen_prints(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    line = keygen(tmp_path / "id", *options)
    printed = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "id.pub")], capture_output=True, text=True, check=True
    ).stdout.split()
    key = parse_public_key(line, "ada")
    assert key.fingerprint == printed[1]
    assert key.comment == "ada at home"
    assert [key.algorithm, key.blob] == line.split()[:2]


def test_a_weak_rsa_key_is_refused_with_how_to_make_a_better_one(tmp_path: Path) -> None:
    line = keygen(tmp_path / "id", "-t", "rsa", "-b", "2048")
    with pytest.raises(Invalid, match="2048 bits") as raised:
        parse_public_key(line, "ada")
    assert "ssh-keygen" in raised.value.hint


def test_a_private_key_is_recognised(tmp_path: Path) -> None:
    keygen(tmp_path / "id", "-t", "ed25519")
    with pytest.raises(Invalid, match="private key"):
        parse_public_keys((tmp_path / "id").read_text(), "ada")


def test_lines_that_are_no_bare_public_key_are_refused_each_with_its_reason(
    ed25519: str,
) -> None:
    algorithm, blob, *_ = ed25519.split()
    wrong = {
        f'from="10.0.0.1" {ed25519}': "Options",
        f"restrict {ed25519}": "Options",
        f"{algorithm} {blob[:-8]}": "damaged",
        f"{algorithm} {blob}AAAA": "damaged",
        f"{algorithm} !!!": "damaged",
        f"ssh-rsa {blob}": "damaged",
        f"ssh-dss {blob}": "ssh-dss",
        f"ssh-ed25519-cert-v01@openssh.com {blob}": "certificate",
        "hello": "not an OpenSSH public key",
        algorithm: "not an OpenSSH public key|not accepted",
    }
    for line, reason in wrong.items():
        with pytest.raises(Invalid, match=reason):
            parse_public_key(line, "ada")


def test_a_file_of_keys_may_have_comments_blank_lines_and_repetitions(ed25519: str) -> None:
    text = f"# my keys\n\n{ed25519}\n  {ed25519}"
    assert len(parse_public_keys(text, "ada")) == 1


def test_keys_that_were_found_rather_than_given_may_be_unusable(ed25519: str) -> None:
    text = f"ssh-dss AAAA old\n{ed25519}"
    assert len(parse_public_keys(text, "ada", skip_unusable=True)) == 1


@pytest.mark.parametrize("name", ["ada", "_ada", "a-b_9", "a" * 32])
def test_a_user_name_that_is_taken(name: str) -> None:
    assert check_user_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "Ada", "9ada", "-ada", "a" * 33, "a b", "ada\n", "a/b", "ä", "a+b", "vibe"]
)
def test_a_user_name_that_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="user name"):
        check_user_name(name)


def test_the_operators_own_name_is_always_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibetui.core.accounts.operator_name", lambda: "Jane.Doe")
    assert check_user_name("Jane.Doe") == "Jane.Doe"
    assert operator_name()


async def test_adding_an_account_twice_adds_the_keys_that_are_new(
    store: Store, ed25519: str, tmp_path: Path
) -> None:
    ada, first = await add_account(store, "ada", ed25519)
    second = keygen(tmp_path / "second", "-t", "ed25519")
    again, both = await add_account(store, "ada", ed25519 + second)
    assert again == ada
    assert [key.fingerprint for key in both] == [
        key.fingerprint for key in await store.keys_of(ada.user_id)
    ]
    assert both[0].fingerprint == first[0].fingerprint


async def test_a_key_of_somebody_else_makes_no_account(store: Store, ed25519: str) -> None:
    await add_account(store, "ada", ed25519)
    with pytest.raises(Conflict):
        await add_account(store, "bob", ed25519)
    assert await store.user_by_name("bob") is None


async def test_an_account_needs_a_key(store: Store) -> None:
    with pytest.raises(Invalid, match="no public key"):
        await add_account(store, "ada", "# nothing\n")
    assert await store.user_by_name("ada") is None
