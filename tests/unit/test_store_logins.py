"""What the store promises to those who decide about logins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vibetui.errors import Conflict, Denied, NotFound, StoreError
from vibetui.events import EventCode
from vibetui.model import Invite, PublicKey, User, UserRole, new_id
from vibetui.store import Store

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "vibetui.db")
    yield opened
    await opened.close()


def key_of(user: User, fingerprint: str) -> PublicKey:
    return PublicKey(fingerprint, user.user_id, "ssh-ed25519", "AAAA", "me@here", NOON)


def newcomer(name: str) -> User:
    return User(new_id(), name, NOON)


def invite(uses: int = 1, lasts: timedelta = timedelta(hours=1)) -> Invite:
    now = datetime.now(UTC)
    return Invite(new_id(), now, now + lasts, uses, 0, "ada")


async def test_the_operators_first_account_is_an_admin_and_no_other_is(store: Store) -> None:
    ada, bob = await store.add_user("ada"), await store.add_user("bob")
    assert (ada.role, bob.role) == (UserRole.ADMIN, UserRole.USER)
    assert await store.list_users() == [ada, bob]


async def test_whoever_registers_on_an_empty_server_is_no_admin(store: Store) -> None:
    await store.add_invite(invite(), "hash")
    await store.use_invite("hash", newcomer("eve"), [])
    await store.add_account(newcomer("mallory"))
    assert {user.role for user in await store.list_users()} == {UserRole.USER}


async def test_a_role_can_be_given_and_taken(store: Store) -> None:
    await store.add_user("ada")
    bob = await store.add_user("bob")
    assert await store.set_role(bob.user_id, UserRole.ADMIN) == replace(bob, role=UserRole.ADMIN)
    assert await store.user(bob.user_id) == replace(bob, role=UserRole.ADMIN)
    assert await store.set_role(bob.user_id, UserRole.USER) == bob
    with pytest.raises(NotFound):
        await store.set_role("ghost", UserRole.ADMIN)


async def test_a_password_can_be_set_and_removed(store: Store) -> None:
    ada = await store.add_user("ada")
    assert not await store.has_password(ada.user_id)
    await store.set_password_hash(ada.user_id, "hashed")
    assert await store.password_hash(ada.user_id) == "hashed"
    assert await store.has_password(ada.user_id)
    await store.set_password_hash(ada.user_id, None)
    assert await store.password_hash(ada.user_id) is None
    assert await store.password_hash("ghost") is None
    with pytest.raises(NotFound):
        await store.set_password_hash("ghost", "hashed")


async def test_of_many_who_bring_one_code_at_once_one_is_let_in(store: Store) -> None:
    ada = await store.add_user("ada")
    assert not await store.take_totp_counter(ada.user_id, 7)
    await store.set_totp_secret(ada.user_id, "SECRET")
    taken = await asyncio.gather(*(store.take_totp_counter(ada.user_id, 7) for _ in range(8)))
    assert sorted(taken) == [False] * 7 + [True]
    assert not await store.take_totp_counter(ada.user_id, 6)
    assert await store.take_totp_counter(ada.user_id, 8)
    assert await store.totp(ada.user_id) == ("SECRET", 8)


async def test_a_new_second_factor_has_used_up_no_code(store: Store) -> None:
    ada = await store.add_user("ada")
    await store.set_totp_secret(ada.user_id, "OLD")
    assert await store.take_totp_counter(ada.user_id, 9)
    await store.set_totp_secret(ada.user_id, "NEW")
    assert await store.take_totp_counter(ada.user_id, 9)
    assert await store.has_second_factor(ada.user_id)
    await store.set_totp_secret(ada.user_id, None)
    assert not await store.has_second_factor(ada.user_id)
    assert await store.totp(ada.user_id) is None


async def test_a_key_has_a_label_and_the_time_of_its_last_use(store: Store) -> None:
    ada = await store.add_user("ada")
    await store.add_key(key_of(ada, "SHA256:one"))
    labelled = await store.label_key("SHA256:one", "laptop")
    assert labelled == replace(key_of(ada, "SHA256:one"), comment="laptop")
    before = datetime.now(UTC)
    await store.key_used("SHA256:one")
    await store.key_used("SHA256:gone")
    found = await store.key_by_fingerprint("SHA256:one")
    assert found is not None
    assert found.last_used_at is not None
    assert before <= found.last_used_at <= datetime.now(UTC)
    assert found.comment == "laptop"
    with pytest.raises(NotFound):
        await store.label_key("SHA256:gone", "laptop")


async def test_an_invitation_makes_as_many_accounts_as_it_says(store: Store) -> None:
    made = invite(uses=2)
    await store.add_invite(made, "hash")
    assert await store.invite_by_hash("hash") == made
    names = [f"user{number}" for number in range(6)]
    outcomes = await asyncio.gather(
        *(store.use_invite("hash", newcomer(name), []) for name in names), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 2
    assert sum(isinstance(outcome, Denied) for outcome in outcomes) == 4
    assert len(await store.list_users()) == 2
    assert await store.invites() == [replace(made, used=2)]


async def test_a_newcomer_comes_with_the_keys_of_the_invitation(store: Store) -> None:
    await store.add_invite(invite(), "hash")
    bob = newcomer("bob")
    await store.use_invite("hash", bob, [key_of(bob, "SHA256:bobs")])
    assert await store.user_by_name("bob") == bob
    assert await store.keys_of(bob.user_id) == [key_of(bob, "SHA256:bobs")]


async def test_what_is_taken_uses_no_invitation_up(store: Store) -> None:
    ada = await store.add_user("ada")
    await store.add_key(key_of(ada, "SHA256:adas"))
    await store.add_invite(invite(), "hash")
    with pytest.raises(Conflict, match="ada"):
        await store.use_invite("hash", newcomer("ada"), [])
    bob = newcomer("bob")
    with pytest.raises(Conflict, match="key"):
        await store.use_invite("hash", bob, [key_of(bob, "SHA256:adas")])
    assert await store.list_users() == [ada]
    await store.use_invite("hash", bob, [])


async def test_an_expired_a_revoked_and_an_invented_code_make_no_account(store: Store) -> None:
    old, revoked = invite(lasts=timedelta(seconds=-1)), invite()
    await store.add_invite(old, "old")
    await store.add_invite(revoked, "revoked")
    await store.revoke_invite(revoked.invite_id)
    for code_hash, said in (("old", "expired"), ("revoked", "no invite"), ("none", "no invite")):
        with pytest.raises(Denied, match=said):
            await store.use_invite(code_hash, newcomer("bob"), [])
    assert await store.list_users() == []
    with pytest.raises(NotFound):
        await store.revoke_invite(revoked.invite_id)


async def test_invitations_are_listed_the_newest_first(store: Store) -> None:
    older = replace(invite(), created_at=NOON)
    newer = replace(invite(), created_at=NOON + timedelta(hours=1))
    for made in (older, newer):
        await store.add_invite(made, made.invite_id)
    assert await store.invites() == [newer, older]


async def test_a_follower_of_the_trail_gets_each_entry_once_and_in_order(store: Store) -> None:
    for number in range(5):
        await store.audit(EventCode.LOGIN, detail={"number": number})
    first = await store.audit_after(0, 3)
    rest = await store.audit_after(first[-1].event_id, 100)
    assert [event.detail["number"] for event in [*first, *rest]] == [0, 1, 2, 3, 4]
    assert await store.audit_after(rest[-1].event_id, 100) == []


async def test_a_failing_database_tells_no_secret(store: Store) -> None:
    made = invite()
    await store.add_invite(made, "the-hash-of-a-code")
    with pytest.raises(StoreError) as raised:
        await store.add_invite(made, "the-hash-of-a-code")
    cause = raised.value.__cause__
    assert "UNIQUE" in str(cause)
    assert "the-hash-of-a-code" not in repr(cause) + str(cause)
