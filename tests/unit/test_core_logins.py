"""Who is let in, as the front hears it from a serving core."""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from asyncssh.saslprep import SASLPrepError, saslprep

from tests.core_support import House, serving_core
from vibetui.core.accounts import add_account, operator_name
from vibetui.core.front_client import FrontClient
from vibetui.core.logins import (
    hash_code,
    hash_password,
    new_invite_code,
    new_totp_secret,
    totp_uri,
)
from vibetui.core.logins.codes import Codes
from vibetui.core.logins.patience import Patience
from vibetui.core.logins.typed import prepared
from vibetui.errors import Conflict, Denied, Invalid, NotFound, VibeError
from vibetui.model import Account, Authorities, Invite, User, UserRole, new_id
from vibetui.store import Store

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNp5KkCeMcJYxjhDJ5h8q4m9yPqGmJ0bS3mS8V1nQ0F ada@home"
PASSWORD = "a long walk off a short pier"


def core(tmp_path: Path, **settings: Any) -> AbstractAsyncContextManager[House]:
    return serving_core(tmp_path / "data", **settings)


async def with_password(house: House, name: str, password: str = PASSWORD) -> User:
    user = await house.service.store.add_user(name)
    await house.service.store.set_password_hash(user.user_id, hash_password(password))
    return user


async def invited(house: House, **changed: Any) -> str:
    """A new invite code."""
    code, now = new_invite_code(), datetime.now(UTC)
    made = Invite(new_id(), now, now + timedelta(hours=1), uses=1, used=0, made_by="ada")
    await house.service.store.add_invite(replace(made, **changed), hash_code(code))
    return code


async def test_an_account_says_whether_a_second_factor_is_asked_for(tmp_path: Path) -> None:
    async with core(tmp_path) as house:
        front = house.front_client()
        ada, (key,) = await add_account(house.service.store, "ada", KEY)
        assert await front.account("ada") == Account(ada)
        assert await front.account("nobody") is None
        await house.service.store.set_totp_secret(ada.user_id, new_totp_secret())
        assert await front.account("ada") == Account(ada, second_factor=True)
        assert await front.authenticate(key.fingerprint) == Account(ada, second_factor=True)


async def test_a_password_opens_its_own_account_and_no_other(tmp_path: Path) -> None:
    async with core(tmp_path, password_login=True) as house:
        front = house.front_client()
        ada = await with_password(house, "ada")
        await house.service.store.add_user("bob")
        await house.service.store.set_totp_secret(ada.user_id, new_totp_secret())
        right = await front.check_password("ada", PASSWORD)
        assert right == Account(ada, second_factor=True)
        for name, password in (
            ("ada", PASSWORD + " "),
            ("ada", ""),
            ("bob", PASSWORD),
            ("bob", ""),
            ("nobody", PASSWORD),
        ):
            assert await front.check_password(name, password) is None


async def test_a_password_is_the_same_however_a_keyboard_composes_it(tmp_path: Path) -> None:
    async with core(tmp_path, password_login=True) as house:
        ada = await with_password(house, "ada", "caf\u00e9 au lait")
        found = await house.front_client().check_password("ada", "cafe\u0301 au lait")
        assert found == Account(ada)


@pytest.mark.parametrize("password", ["pass\tword", "pass\U0001f600word", "pass\u05d0word"])
def test_a_password_that_no_client_could_send_cannot_be_set(password: str) -> None:
    with pytest.raises(SASLPrepError):
        saslprep(password)
    with pytest.raises(Invalid):
        hash_password(password)


@pytest.mark.parametrize(
    "password",
    ["a long walk", "caf\u00e9", "cafe\u0301", "soft\u00adhyphen", "a\u00a0b", "\u05d0\u05d1"],
)
def test_a_password_is_prepared_as_ssh_libraries_do_it(password: str) -> None:
    assert prepared(password) == saslprep(password)
    assert prepared(prepared(password)) == prepared(password)


async def test_no_password_is_right_where_they_are_turned_off(tmp_path: Path) -> None:
    async with core(tmp_path) as house:
        await with_password(house, "ada")
        assert await house.front_client().check_password("ada", PASSWORD) is None


async def test_whether_there_is_an_account_cannot_be_told_from_the_time(tmp_path: Path) -> None:
    async with core(tmp_path, password_login=True) as house:
        front = house.front_client()
        await with_password(house, "ada")
        await front.check_password("ada", "wrong")  # The first makes what the others compare to.

        async def work_for(name: str) -> float:
            begun = time.process_time()  # Of all threads, whatever else the machine does.
            for _ in range(3):
                assert await front.check_password(name, "wrong") is None
            return time.process_time() - begun

        # Without a hash to verify it would be a fiftieth.
        assert await work_for("nobody") > 0.5 * await work_for("ada")


async def test_an_old_hash_is_renewed_when_its_password_is_typed(tmp_path: Path) -> None:
    async with core(tmp_path, password_login=True) as house:
        front, store = house.front_client(), house.service.store
        ada = await store.add_user("ada")
        old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
        await store.set_password_hash(ada.user_id, old)
        assert await front.check_password("ada", "wrong") is None
        assert await store.password_hash(ada.user_id) == old
        assert await front.check_password("ada", PASSWORD) == Account(ada)
        renewed = await store.password_hash(ada.user_id)
        assert renewed is not None
        assert renewed.startswith("$argon2id$")
        assert not PasswordHasher().check_needs_rehash(renewed)
        assert await front.check_password("ada", PASSWORD) == Account(ada)


async def test_a_code_is_good_once(tmp_path: Path) -> None:
    async with core(tmp_path) as house:
        front = house.front_client()
        ada = await house.service.store.add_user("ada")
        assert not await front.check_code(ada.user_id, "000000")
        secret = new_totp_secret()
        await house.service.store.set_totp_secret(ada.user_id, secret)
        code = pyotp.TOTP(secret).now()
        assert not await front.check_code(ada.user_id, "")
        assert not await front.check_code("ghost", code)
        assert await front.check_code(ada.user_id, f"{code[:3]} {code[3:]}")
        assert not await front.check_code(ada.user_id, code)


async def test_a_clock_may_be_half_a_minute_wrong_and_codes_only_go_forward(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path / "vibetui.db")
    ada = await store.add_user("ada")
    secret = new_totp_secret()
    await store.set_totp_secret(ada.user_id, secret)
    now = 1_700_000_000.0
    codes, app = Codes(store, clock=lambda: now), pyotp.TOTP(secret)
    assert not await codes.check(ada.user_id, app.at(int(now) - 60))
    assert not await codes.check(ada.user_id, app.at(int(now) + 60))
    assert await codes.check(ada.user_id, app.at(int(now) - 30))
    assert await codes.check(ada.user_id, app.at(int(now) + 30))
    assert not await codes.check(ada.user_id, app.at(int(now)))
    await store.close()


async def test_guessing_codes_ends_after_ten_and_harms_nobody_else(tmp_path: Path) -> None:
    async with core(tmp_path) as house:
        front, store = house.front_client(), house.service.store
        ada, bob = await store.add_user("ada"), await store.add_user("bob")
        secret = new_totp_secret()
        for user in (ada, bob):
            await store.set_totp_secret(user.user_id, secret)
        for _ in range(10):
            assert not await front.check_code(ada.user_id, "letters")
        assert not await front.check_code(ada.user_id, pyotp.TOTP(secret).now())
        assert await front.check_code(bob.user_id, pyotp.TOTP(secret).now())


def test_patience_comes_back_after_a_while_and_with_a_right_answer() -> None:
    now = 0.0
    patience = Patience(clock=lambda: now)
    for _ in range(9):
        patience.note("ada", right=False)
    patience.note("ada", right=True)
    patience.note("ada", right=False)
    assert not patience.is_over("ada")
    for _ in range(9):
        patience.note("ada", right=False)
    assert patience.is_over("ada")
    now = 301.0
    assert not patience.is_over("ada")


def test_an_authenticator_app_reads_the_second_factor_from_its_uri() -> None:
    secret = new_totp_secret()
    read = pyotp.parse_uri(totp_uri(secret, "ada"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (secret, "ada", "vibetui")


async def test_the_authorities_are_what_their_files_say_at_the_time(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with core(
        tmp_path, user_ca_file=tmp_path / "ca.pub", revoked_keys_file=Path("revoked")
    ) as house:
        front = house.front_client()
        (tmp_path / "ca.pub").write_text(f"# ours\n\n{KEY}\n")
        with pytest.raises(VibeError):
            await front.authorities()
        (data / "revoked").write_text("serial: 1-5\n  id: ada  \n")
        assert await front.authorities() == Authorities((KEY,), ("serial: 1-5", "id: ada"))
        (data / "revoked").write_text("")
        assert await front.authorities() == Authorities((KEY,), ())
        for unusable in (b"SSHKRL\n\0\0\0\0\1", b"\xff\xfe", b"# x\n" * (1 << 20) + b"x"):
            (data / "revoked").write_bytes(unusable)
            with pytest.raises(VibeError) as raised:
                await front.authorities()
            assert str(tmp_path) not in raised.value.message + raised.value.hint
    async with serving_core(tmp_path / "other") as house:
        assert await house.front_client().authorities() == Authorities()


async def test_nobody_registers_where_registration_is_closed(tmp_path: Path) -> None:
    async with core(tmp_path) as house:
        front = house.front_client()
        code = await invited(house)
        with pytest.raises(Denied):
            await front.register("bob", code, KEY)
        assert await house.service.store.list_users() == []


async def test_an_invited_newcomer_gets_an_account_with_the_key_at_hand(tmp_path: Path) -> None:
    async with core(tmp_path, registration="invite") as house:
        front, store = house.front_client(), house.service.store
        code = await invited(house)
        made = await front.register("bob", code.upper().replace("-", " "), KEY)
        assert made == Account(User(made.user.user_id, "bob", made.user.created_at))
        assert made.user.role is UserRole.USER
        (key,) = await store.keys_of(made.user.user_id)
        assert await front.authenticate(key.fingerprint) == made
        (event,) = await store.audit_tail(1)
        assert (event.code, event.user_id) == ("invite.used", made.user.user_id)
        (invite,) = await store.invites()
        assert event.detail["invite_id"] == invite.invite_id
        with pytest.raises(Denied, match="used"):
            await front.register("carl", code, KEY)


async def test_a_code_that_is_wrong_or_expired_registers_nobody_and_tells_no_names(
    tmp_path: Path,
) -> None:
    async with core(tmp_path, registration="invite") as house:
        front = house.front_client()
        await house.service.store.add_user("ada")
        expired = await invited(house, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        for code in (None, "", "abcde-fghij-kmnpq-rstuv", expired):
            for name in ("ada", "bob", "No Name"):
                with pytest.raises(Denied):
                    await front.register(name, code, KEY)


@pytest.mark.parametrize("name", ["vibe", "root", operator_name(), "", "Ada", "a b", "a" * 33])
async def test_a_name_that_means_something_else_is_not_to_be_had(tmp_path: Path, name: str) -> None:
    async with core(tmp_path, registration="open") as house:
        front = house.front_client()
        with pytest.raises(Invalid):
            await front.register(name, None, KEY)
        assert await house.service.store.list_users() == []


async def test_where_registration_is_open_only_names_and_keys_can_be_taken(
    tmp_path: Path,
) -> None:
    async with core(tmp_path, registration="open") as house:
        front, store = house.front_client(), house.service.store
        made = await front.register("ada", None, KEY)
        assert made.user.role is UserRole.USER
        with pytest.raises(Conflict, match="called “ada”"):
            await front.register("ada", None, KEY)
        with pytest.raises(Conflict):
            await front.register("bob", None, KEY)
        with pytest.raises(Invalid):
            await front.register("bob", None, "ssh-dss AAAA")
        assert await store.list_users() == [made.user]
        (event,) = await store.audit_tail(1)
        assert (event.code, event.user_id) == ("user.added", made.user.user_id)


async def test_what_is_not_even_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    async with core(tmp_path, registration="open", password_login=True) as house:
        front = house.front_client()
        with pytest.raises(Invalid):
            await front.check_password("ada", "\ud800")
        with pytest.raises(Invalid):
            await front.account("\udcff")
        with pytest.raises(Invalid):
            await front.register("ada", None, KEY + "\ud800")


async def test_a_login_is_in_the_trail_and_its_key_knows_when(tmp_path: Path) -> None:
    async with core(tmp_path) as house:
        front, store = house.front_client(), house.service.store
        ada, (key,) = await add_account(store, "ada", KEY)
        await front.logged_in(
            ada.user_id, method="publickey", fingerprint=key.fingerprint, address="192.0.2.1"
        )
        (used,) = await store.keys_of(ada.user_id)
        assert used.last_used_at is not None
        (event,) = await store.audit_tail(1)
        assert (event.code, event.user_id, event.address) == ("login", ada.user_id, "192.0.2.1")
        assert event.detail == {"method": "publickey", "fingerprint": key.fingerprint}
        await front.logged_in(
            ada.user_id, method="password+totp", fingerprint=None, address="192.0.2.1"
        )
        (event,) = await store.audit_tail(1)
        assert event.detail == {"method": "password+totp"}


async def test_a_users_own_door_answers_nothing_about_logins(tmp_path: Path) -> None:
    async with core(tmp_path, registration="open", password_login=True) as house:
        ada = await with_password(house, "ada")
        users = FrontClient(await house.front_client().open_door(ada.user_id))
        for asked in (
            users.account("ada"),
            users.authorities(),
            users.check_password("ada", PASSWORD),
            users.check_code(ada.user_id, "000000"),
            users.register("bob", None, KEY),
            users.logged_in(ada.user_id, method="publickey", fingerprint=None, address=""),
        ):
            with pytest.raises(NotFound):
                await asked
        await users.close()
