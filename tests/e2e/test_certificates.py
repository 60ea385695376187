"""Logins with OpenSSH's user certificates."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.logins_support import Asked, add_user, certify, give_second_factor, log_in, make_key
from tests.server import Server
from tests.sshd_support import fingerprint

pytestmark = pytest.mark.e2e

_ADDRESSES = (f"127.0.1.{number}" for number in itertools.count(1))


@dataclass
class House:
    """A server that trusts an authority."""

    server: Server
    ca: Path
    revoked: Path
    directory: Path

    def key(self, *words: str) -> Path:
        """A key that is nobody's; `words` are for ``ssh-keygen``."""
        return make_key(self.directory / f"key{len(list(self.directory.iterdir()))}", *words)

    def log_in(
        self, key: Path, *rest: str, login: str = "vibe", **more: object
    ) -> subprocess.CompletedProcess[str]:
        return log_in(self.server, *rest, login=login, key=key, address=next(_ADDRESSES), **more)  # type: ignore[arg-type]

    def refuses(self, key: Path, sentence: str, login: str = "vibe") -> None:
        """Neither the certificate nor the key in it gets in; the client hears `sentence`."""
        done = self.log_in(key, login=login)
        assert done.returncode == 255, done.stdout
        assert "Permission denied (publickey)" in done.stderr
        assert sentence in done.stderr, done.stderr


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("certificates")
    ca, revoked = make_key(directory / "ca"), directory / "revoked"
    old = make_key(directory / "old", "-t", "rsa", "-b", "3072")
    authorities = directory / "authorities"
    authorities.write_text(f"{Path(f'{ca}.pub').read_text()}# an old one\n")
    with authorities.open("a") as file:
        file.write(Path(f"{old}.pub").read_text())
    revoked.write_text("# nothing yet\n")
    server = Server(
        directory / "server",
        VIBETUI_USER_CA_FILE=str(authorities),
        VIBETUI_REVOKED_KEYS_FILE=str(revoked),
    )
    server.start()
    try:
        add_user(server, "grace", directory)
        add_user(server, "linus", directory)
        yield House(server, ca, revoked, directory)
    finally:
        server.stop()
        server.remove_everything()


@pytest.mark.parametrize("login", ["vibe", "grace"])
def test_a_certificate_lets_in_a_key_that_the_server_has_never_seen(
    house: House, login: str
) -> None:
    key = house.key()
    certify(house.ca, key, "-I", "grace at work", "-n", "grace", "-z", "7", "-V", "+1h")
    done = house.log_in(key, login=login)
    assert (done.returncode, done.stdout) == (0, "grace\n"), done.stderr
    last = [line for line in house.server.log().splitlines() if fingerprint(key) in line]
    assert "certificate" in last[-1]


@pytest.mark.parametrize("kind", [("-t", "ecdsa"), ("-t", "rsa", "-b", "3072")], ids=str)
def test_a_certificate_for_a_key_of_another_kind_will_do(
    house: House, kind: tuple[str, ...]
) -> None:
    key = house.key(*kind)
    certify(house.ca, key, "-I", "x", "-n", "grace")
    assert house.log_in(key).stdout == "grace\n"


def test_a_certificate_for_a_key_that_is_too_weak_is_refused(house: House) -> None:
    key = house.key("-t", "rsa", "-b", "2048")
    certify(house.ca, key, "-I", "x", "-n", "grace")
    house.refuses(key, "the key in it is too weak.")


def test_of_several_principals_the_login_name_says_which(house: House) -> None:
    key = house.key()
    certify(house.ca, key, "-I", "x", "-n", "linus,grace,ops", "-V", "+1h")
    assert house.log_in(key, login="grace").stdout == "grace\n"
    assert house.log_in(key, login="linus").stdout == "linus\n"
    house.refuses(key, "for several accounts. Name yours: ACCOUNT@HOST")
    house.refuses(key, "it isn't for an account ops", login="ops")


@pytest.mark.parametrize(
    ("words", "login", "sentence"),
    [
        (("-n", "grace", "-V", "20200101:20200102"), "vibe", "certificate expired."),
        (("-n", "grace", "-V", "21000101:21000102"), "vibe", "certificate not yet valid."),
        (("-n", "nobody-here"), "vibe", "it isn't for any account here."),
        (("-n", "grace"), "linus", "it isn't for an account linus."),
        ((), "grace", "it names no account."),
        (("-n", "grace", "-O", "source-address=10.0.0.0/8"), "vibe", "meant for your address."),
        (("-n", "grace", "-O", "force-command=ls"), "vibe", "it is for one command alone"),
        (("-n", "grace", "-O", "critical:unheard-of=x"), "vibe", ""),
    ],
)
def test_a_certificate_is_refused_and_says_why(
    house: House, words: tuple[str, ...], login: str, sentence: str
) -> None:
    key = house.key()
    certify(house.ca, key, "-I", "x", *words)
    house.refuses(key, sentence, login)


def test_an_authority_that_is_not_ours_gets_nobody_in_and_hears_nothing(house: House) -> None:
    stranger, key = house.key(), house.key()
    certify(stranger, key, "-I", "x", "-n", "grace")
    done = house.log_in(key)
    assert done.returncode == 255
    assert "certificate" not in done.stderr


def test_an_address_that_a_certificate_names_is_let_in(house: House) -> None:
    key = house.key()
    certify(house.ca, key, "-I", "x", "-n", "grace", "-O", "source-address=10.0.0.0/8,127.0.0.0/8")
    assert house.log_in(key).stdout == "grace\n"


def test_an_authority_that_signs_with_sha1_is_refused(house: House) -> None:
    key = house.key()
    certify(house.directory / "old", key, "-I", "x", "-n", "grace", "-t", "ssh-rsa")
    house.refuses(key, "signs with an algorithm that is too weak")
    certify(house.directory / "old", key, "-I", "x", "-n", "grace")
    assert house.log_in(key).stdout == "grace\n"


@pytest.mark.parametrize(
    "revoke",
    [
        lambda key: "serial: 40-50",
        lambda key: "serial: 0x2a",
        lambda key: "id: laptop of grace",
        lambda key: f"hash: {fingerprint(key)}",
        lambda key: f"key: {Path(f'{key}.pub').read_text()}",
        lambda key: Path(f"{key}.pub").read_text(),
        lambda key: key.with_name(f"{key.name}-cert.pub").read_text(),
        lambda key: (key.parent / "ca.pub").read_text(),
    ],
    ids=["serials", "serial", "id", "hash", "key", "bare key", "bare certificate", "authority"],
)
def test_a_revoked_certificate_is_refused_from_then_on(
    house: House, revoke: Callable[[Path], str]
) -> None:
    key, other = house.key(), house.key()
    certify(house.ca, key, "-I", "laptop of grace", "-n", "grace", "-z", "42")
    certify(house.ca, other, "-I", "another", "-n", "grace", "-z", "51")
    assert house.log_in(key).stdout == "grace\n"
    line = revoke(key)
    house.revoked.write_text(f"# since today\n{line}\n")
    try:
        house.refuses(key, "it was revoked.")
        spared = "" if line == Path(f"{house.ca}.pub").read_text() else "grace\n"
        assert house.log_in(other).stdout == spared
    finally:
        house.revoked.write_text("")


def test_a_plain_key_that_is_revoked_is_refused_too(house: House) -> None:
    key = house.directory / "grace"
    assert house.log_in(key).stdout == "grace\n"
    house.revoked.write_text(f"hash: {fingerprint(key)}\n")
    try:
        house.refuses(key, "That key was revoked.")
    finally:
        house.revoked.write_text("")


@pytest.mark.parametrize("list_", [b"serial: many\n", b"SSHKRL\n\0\0\0\0\1", b"\xff\xfe", None])
def test_where_nobody_can_tell_what_is_revoked_no_key_is_taken(
    house: House, list_: bytes | None
) -> None:
    key = house.key()
    certify(house.ca, key, "-I", "x", "-n", "grace")
    if list_ is None:
        house.revoked.unlink()
    else:
        house.revoked.write_bytes(list_)
    try:
        house.refuses(key, "The server can't tell now which keys it accepts.")
        house.refuses(house.directory / "grace", "The server can't tell now")
        assert "authorities.unreadable" in house.server.log()
    finally:
        house.revoked.write_text("")


def test_a_certificate_without_leave_for_a_terminal_or_forwards_gets_none(house: House) -> None:
    key = house.key()
    certify(house.ca, key, "-I", "x", "-n", "grace", "-O", "clear", "-O", "permit-pty")
    assert "administratively prohibited" in house.log_in(key, "-W", "127.0.0.1:80").stderr
    certify(house.ca, key, "-I", "x", "-n", "grace", "-O", "no-pty")
    assert (
        "PTY allocation request failed" in house.log_in(key, options=("RequestTTY=force",)).stderr
    )


def test_a_second_factor_leaves_a_certificate_with_what_it_permits(
    house: House, tmp_path: Path
) -> None:
    add_user(house.server, "edsger", tmp_path)
    codes, key = give_second_factor(house.server, "edsger"), house.key()
    certify(house.ca, key, "-I", "x", "-n", "edsger", "-O", "no-pty")
    asked = Asked(tmp_path, codes.now, codes.next)
    done = house.log_in(key, asked=asked, options=("RequestTTY=force",))
    assert "PTY allocation request failed" in done.stderr
    assert house.log_in(key, asked=asked).stdout == "edsger\n"
    assert asked.prompts == ["Code of your authenticator app: "] * 2
