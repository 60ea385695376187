"""Logins with invitations, passwords and codes."""

from __future__ import annotations

import itertools
import json
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paramiko
import pytest
from paramiko.common import cMSG_USERAUTH_INFO_RESPONSE

from tests.e2e import openssh, steps
from tests.logins_support import (
    Asked,
    add_user,
    give_password,
    give_second_factor,
    invite,
    log_in,
    make_key,
    user_named,
)
from tests.server import Server
from tests.sshd_support import eventually
from tests.tmux import Tmux

pytestmark = pytest.mark.e2e

PASSWORD = "a long walk off a short pier"
CODE = "Code of your authenticator app: "
INVITE, NAME = "Invite code: ", "Choose a name: "

_ADDRESSES = (f"127.0.2.{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def inviting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that whoever has an invite code can register at; it takes no passwords."""
    yield from running(tmp_path_factory.mktemp("inviting"), VIBETUI_REGISTRATION="invite")


@pytest.fixture(scope="module")
def taking_passwords(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes passwords, and that anybody can register at."""
    yield from running(
        tmp_path_factory.mktemp("passwords"),
        VIBETUI_PASSWORD_LOGIN="true",
        VIBETUI_REGISTRATION="open",
        VIBETUI_LOGIN_TIMEOUT="4",
    )


def running(directory: Path, **settings: str) -> Iterator[Server]:
    server = Server(directory, **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove_everything()


def attempt(server: Server, **more: object) -> subprocess.CompletedProcess[str]:
    """From an address of its own: what failed before doesn't delay it."""
    return log_in(server, address=next(_ADDRESSES), **more)  # type: ignore[arg-type]


def trail(server: Server) -> str:
    return (server.data_dir / "audit.jsonl").read_text()


def refusals(server: Server, user: str) -> list[dict[str, Any]]:
    """Of somebody who had proved something by then."""
    entries = [json.loads(line) for line in trail(server).splitlines()]
    return [each for each in entries if (each["code"], each["user"]) == ("login.refused", user)]


# Invitations


def test_an_invited_newcomer_types_a_code_and_a_name_and_is_in_the_app(
    inviting: Server, small_terminal: Tmux, tmp_path: Path
) -> None:
    code, key = invite(inviting), make_key(tmp_path / "key")
    words = openssh.words(inviting, key=key, level="INFO")
    small_terminal.line(shlex.join([words[0], "-t", *words[1:]]))
    small_terminal.wait_for(INVITE.strip())
    screen = small_terminal.screen()
    assert "vibetui" in screen
    assert "Your key is not known here: make an account for it." in screen
    small_terminal.line(code)
    small_terminal.wait_for(NAME.strip())
    small_terminal.line("grace")
    small_terminal.wait_for(steps.LIST)
    assert attempt(inviting, key=key).stdout == "grace\n"


def test_a_wrong_code_is_told_and_asked_for_again(inviting: Server, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    asked = Asked(tmp_path, "nonsense", "alan", invite(inviting), "alan")
    done = attempt(inviting, key=key, asked=asked)
    assert (done.returncode, done.stdout) == (0, "alan\n"), done.stderr
    assert asked.prompts == [INVITE, NAME, INVITE, NAME]
    assert "code" in done.stderr


def test_a_name_that_is_taken_is_told_and_costs_no_invitation(
    inviting: Server, tmp_path: Path
) -> None:
    add_user(inviting, "linus", tmp_path)
    code = invite(inviting)
    asked = Asked(tmp_path, code, "linus", code, "linus-2")
    done = attempt(inviting, key=make_key(tmp_path / "key"), asked=asked)
    assert done.stdout == "linus-2\n", done.stderr
    assert 'There is a user called "linus" already.' in done.stderr


@pytest.mark.parametrize("reason", ["expired", "used up"])
def test_a_code_that_is_no_longer_good_makes_no_account(
    inviting: Server, tmp_path: Path, reason: str
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    code = invite(inviting, **({"expires_at": past} if reason == "expired" else {"used": 1}))
    name = f"late-{reason[:4]}"
    asked = Asked(tmp_path, *[code, name] * 3)
    done = attempt(inviting, key=make_key(tmp_path / "key"), asked=asked)
    assert done.returncode == 255
    assert "Too many wrong answers: connect again." in done.stderr
    assert user_named(inviting, name) is None
    assert code not in inviting.log()


def test_whoever_has_no_key_hears_how_to_make_one_and_is_not_asked(
    inviting: Server, tmp_path: Path
) -> None:
    asked = Asked(tmp_path)
    done = attempt(inviting, asked=asked)
    assert done.returncode == 255
    assert done.stderr.count("ssh-keygen -t ed25519") == 1
    assert asked.prompts == []


def test_whoever_has_an_account_is_asked_for_no_invitation(
    inviting: Server, tmp_path: Path
) -> None:
    asked = Asked(tmp_path)
    key = add_user(inviting, "ken", tmp_path)
    assert attempt(inviting, key=key, asked=asked).stdout == "ken\n"
    assert asked.prompts == []


def test_a_login_name_is_the_name_that_is_offered_and_no_other_can_be_had(
    inviting: Server, tmp_path: Path
) -> None:
    code = invite(inviting)
    asked = Asked(tmp_path, code, "other", code, "")
    done = attempt(inviting, login="barbara", key=make_key(tmp_path / "key"), asked=asked)
    assert done.stdout == "barbara\n", done.stderr
    assert asked.prompts == [INVITE, "Choose a name [barbara]: "] * 2
    assert user_named(inviting, "other") is None


def test_whoever_has_several_keys_gets_in_by_the_one_that_has_an_account(
    inviting: Server, tmp_path: Path
) -> None:
    asked, key = Asked(tmp_path), add_user(inviting, "john", tmp_path)
    options = (f"IdentityFile={key}",)
    done = attempt(inviting, key=make_key(tmp_path / "other"), asked=asked, options=options)
    assert done.stdout == "john\n", done.stderr
    assert asked.prompts == []


# Passwords


def test_a_password_lets_in_whose_login_name_it_goes_with(
    taking_passwords: Server, tmp_path: Path
) -> None:
    add_user(taking_passwords, "grace", tmp_path)
    give_password(taking_passwords, "grace", PASSWORD)
    for method in ("password", "keyboard-interactive"):
        asked = Asked(tmp_path, PASSWORD)
        options = (f"PreferredAuthentications={method}",)
        done = attempt(taking_passwords, login="grace", asked=asked, options=options)
        assert (done.returncode, done.stdout) == (0, "grace\n"), done.stderr
    assert asked.prompts == ["Password: "]


def test_without_an_account_in_the_login_name_it_is_asked_for(
    taking_passwords: Server, tmp_path: Path
) -> None:
    add_user(taking_passwords, "alan", tmp_path)
    give_password(taking_passwords, "alan", PASSWORD)
    asked = Asked(tmp_path, "alan", PASSWORD)
    assert attempt(taking_passwords, asked=asked).stdout == "alan\n"
    assert asked.prompts == ["Account: ", "Password: "]


def test_what_was_wrong_is_not_told_and_three_wrong_ones_are_the_end(
    taking_passwords: Server, tmp_path: Path
) -> None:
    add_user(taking_passwords, "ken", tmp_path)
    give_password(taking_passwords, "ken", PASSWORD)
    heard = []
    for account, password in [("ken", "no"), ("nobody-here", PASSWORD), ("ken", "")]:
        asked = Asked(tmp_path, *[account, password] * 4)
        done = attempt(taking_passwords, asked=asked)
        assert done.returncode == 255
        assert len(asked.prompts) == 6
        heard.append([line for line in done.stderr.splitlines() if "port" not in line])
    assert heard[0] == heard[1] == heard[2]
    assert "That account and that password don't go together." in heard[0]
    assert PASSWORD not in taking_passwords.log()


def test_empty_answers_lead_to_a_new_account(taking_passwords: Server, tmp_path: Path) -> None:
    key, asked = make_key(tmp_path / "key"), Asked(tmp_path, "", "", "barbara")
    done = attempt(taking_passwords, key=key, asked=asked)
    assert done.stdout == "barbara\n", done.stderr
    assert asked.prompts == ["Account: ", "Password: ", NAME]


# Codes


def test_a_key_alone_is_half_a_login_where_a_code_is_asked_for(
    inviting: Server, tmp_path: Path
) -> None:
    key = add_user(inviting, "edsger", tmp_path)
    codes = give_second_factor(inviting, "edsger")
    assert "Permission denied (keyboard-interactive)" in attempt(inviting, key=key).stderr
    asked = Asked(tmp_path, "000000", codes.now)
    done = attempt(inviting, key=key, asked=asked)
    assert done.stdout == "edsger\n", done.stderr
    assert asked.prompts == [CODE, CODE]
    assert "That code is wrong or was used already" in done.stderr
    eventually(lambda: "publickey+totp" in inviting.log(), "the log says how")


def test_a_code_is_good_once(inviting: Server, tmp_path: Path) -> None:
    key = add_user(inviting, "tony", tmp_path)
    codes = give_second_factor(inviting, "tony")
    code = codes.now
    assert attempt(inviting, key=key, asked=Asked(tmp_path, code)).stdout == "tony\n"
    asked = Asked(tmp_path, *[code] * 4)
    done = attempt(inviting, key=key, asked=asked)
    assert done.returncode == 255
    assert asked.prompts == [CODE] * 3
    assert "Too many wrong answers" in done.stderr
    eventually(lambda: len(refusals(inviting, "tony")) == 1, "the refusal is in the trail")
    (refused,) = refusals(inviting, "tony")
    assert refused["detail"]["proved"] == "publickey"
    assert refused["detail"]["methods"] == ["publickey", "keyboard-interactive"]
    assert code not in inviting.log() + trail(inviting)


def test_a_code_comes_after_the_password_too(taking_passwords: Server, tmp_path: Path) -> None:
    add_user(taking_passwords, "edsger", tmp_path)
    give_password(taking_passwords, "edsger", PASSWORD)
    codes = give_second_factor(taking_passwords, "edsger")
    asked = Asked(tmp_path, PASSWORD, codes.now)
    options = ("PreferredAuthentications=password,keyboard-interactive",)
    done = attempt(taking_passwords, login="edsger", asked=asked, options=options)
    assert done.stdout == "edsger\n", done.stderr
    assert asked.prompts[-1] == CODE


def test_whoever_looks_for_their_code_has_more_time_than_a_login(
    taking_passwords: Server, tmp_path: Path
) -> None:
    key = add_user(taking_passwords, "tony", tmp_path)
    asked = Asked(tmp_path, give_second_factor(taking_passwords, "tony").now, thinks=4.5)
    assert attempt(taking_passwords, key=key, asked=asked).stdout == "tony\n"


# Who changes their mind in the middle


class Stepwise:
    """A client that does one step at a time, with a user who says the same to whatever is asked.

    It asks for the authentication service anew with each step.

    Args:
        answer: What is said.
        first: What is said before that, without waiting to be asked again.

    Attributes:
        prompts: What was asked.
    """

    def __init__(self, server: Server, answer: str, first: Sequence[str] = ()) -> None:
        self._answer = answer
        self._first = first
        self._transport = paramiko.Transport(("127.0.0.1", server.port))
        self._transport.start_client(timeout=20)
        self.prompts: list[str] = []

    def key(self, name: str, path: Path) -> list[str]:
        """Methods that have to follow."""
        return list(self._transport.auth_publickey(name, paramiko.Ed25519Key(filename=str(path))))

    def answers(self, name: str) -> bool:
        """Whether that is enough to get in."""

        def handler(title: str, text: str, asked: list[tuple[str, bool]]) -> list[str]:
            self.prompts.extend(prompt for prompt, _ in asked)
            for text in self._first:
                self._transport._send_message(_response(text))
            return [self._answer] * len(asked)

        with suppress(paramiko.BadAuthenticationType, paramiko.AuthenticationException):
            self._transport.auth_interactive(name, handler)
        return bool(self._transport.is_authenticated())

    def runs(self, command: str) -> bytes:
        """What it prints."""
        with closing(self._transport.open_session(timeout=20)) as channel:
            channel.exec_command(command)
            with channel.makefile("rb") as output:
                return bytes(output.read())

    def close(self) -> None:
        self._transport.close()


def _response(text: str) -> paramiko.Message:
    message = paramiko.Message()
    message.add_byte(cMSG_USERAUTH_INFO_RESPONSE)
    message.add_int(1)
    message.add_string(text)
    return message


def test_what_was_proved_for_one_account_is_nothing_for_another(
    inviting: Server, tmp_path: Path
) -> None:
    mine, theirs = (add_user(inviting, name, tmp_path) for name in ("mallory", "victim"))
    codes = give_second_factor(inviting, "mallory")
    with closing(Stepwise(inviting, codes.now)) as client:
        assert client.key("mallory", mine) == ["keyboard-interactive"]
        assert not client.answers("victim")
        assert client.prompts == []
        assert client.key("mallory", mine) == ["keyboard-interactive"]
        assert client.answers("mallory")
        assert client.prompts == [CODE]
    with closing(Stepwise(inviting, codes.now)) as client:
        assert client.key("mallory", mine) == ["keyboard-interactive"]
        assert client.key("victim", theirs) == []
        assert client.runs("whoami") == b"victim\n"


def test_a_new_key_is_nothing_for_another_login_name(inviting: Server, tmp_path: Path) -> None:
    with closing(Stepwise(inviting, invite(inviting))) as client:
        missing = client.key("vibe", make_key(tmp_path / "key"))
        assert "keyboard-interactive" in missing
        assert not client.answers("somebody")
        assert client.prompts == []
    assert user_named(inviting, "somebody") is None


def test_many_answers_at_once_are_no_more_than_three_tries(
    inviting: Server, tmp_path: Path
) -> None:
    key = add_user(inviting, "hasty", tmp_path)
    codes = give_second_factor(inviting, "hasty")
    with closing(Stepwise(inviting, "000000", first=["000000"] * 30)) as client:
        assert client.key("hasty", key) == ["keyboard-interactive"]
        assert not client.answers("hasty")
        assert len(client.prompts) <= 3
    assert "Traceback" not in inviting.log()
    asked = Asked(tmp_path, codes.now)
    assert attempt(inviting, key=key, asked=asked).stdout == "hasty\n"
