"""What the store promises to the sessions and the accounts above it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from vibetui.errors import Conflict, NotFound
from vibetui.events import EventCode
from vibetui.model import Access, PublicKey, Session, SessionStatus, Share, User, new_id
from vibetui.store import Store

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "vibetui.db")
    yield opened
    await opened.close()


def session_of(user: User, name: str, created_at: datetime = NOON) -> Session:
    return Session(
        session_id=new_id(),
        user_id=user.user_id,
        name=name,
        template="base",
        container_id=None,
        status=SessionStatus.STOPPED,
        created_at=created_at,
        last_used_at=None,
    )


def key_of(user: User, fingerprint: str) -> PublicKey:
    return PublicKey(fingerprint, user.user_id, "ssh-ed25519", "AAAA", "me@here", NOON)


async def test_a_session_comes_back_as_it_was_put_in(store: Store) -> None:
    ada = await store.add_user("ada")
    put = session_of(ada, "work")
    await store.add_session(put)
    assert await store.session(put.session_id) == put
    assert await store.all_sessions() == [put]


async def test_a_time_of_another_zone_comes_back_as_the_same_instant_in_utc(store: Store) -> None:
    ada = await store.add_user("ada")
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    put = session_of(ada, "work", created_at=there)
    await store.add_session(put)
    found = await store.session(put.session_id)
    assert found is not None
    assert found.created_at == NOON
    assert found.created_at.utcoffset() == timedelta(0)


async def test_a_user_can_not_have_two_sessions_of_one_name_but_two_users_can(store: Store) -> None:
    ada, bob = await store.add_user("ada"), await store.add_user("bob")
    await store.add_session(session_of(ada, "work"))
    await store.add_session(session_of(bob, "work"))
    with pytest.raises(Conflict, match="“work”"):
        await store.add_session(session_of(ada, "work"))


async def test_renaming_onto_a_taken_name_is_a_conflict_and_changes_nothing(store: Store) -> None:
    ada = await store.add_user("ada")
    first, second = session_of(ada, "first"), session_of(ada, "second")
    await store.add_session(first)
    await store.add_session(second)
    with pytest.raises(Conflict, match="“first”"):
        await store.update_session(second.session_id, name="first", status=SessionStatus.RUNNING)
    assert await store.session(second.session_id) == second


async def test_an_update_changes_what_is_given_and_none_empties(store: Store) -> None:
    ada = await store.add_user("ada")
    put = session_of(ada, "work")
    await store.add_session(put)
    running = await store.update_session(
        put.session_id, container_id="c1", status=SessionStatus.RUNNING, last_used_at=NOON
    )
    assert running == replace(
        put, container_id="c1", status=SessionStatus.RUNNING, last_used_at=NOON
    )
    emptied = await store.update_session(put.session_id, container_id=None)
    assert emptied == replace(running, container_id=None)
    assert await store.update_session(put.session_id) == emptied
    with pytest.raises(NotFound):
        await store.update_session("nowhere", name="x")
    with pytest.raises(NotFound):
        await store.update_session("nowhere")


async def test_the_list_begins_with_what_was_used_last_and_ends_with_the_oldest_unused(
    store: Store,
) -> None:
    ada = await store.add_user("ada")
    ages = {"old": 9, "older": 10, "unused": 1, "older unused": 2}
    made = {name: session_of(ada, name, NOON - timedelta(days=age)) for name, age in ages.items()}
    for session in made.values():
        await store.add_session(session)
    await store.update_session(made["old"].session_id, last_used_at=NOON - timedelta(hours=5))
    await store.update_session(made["older"].session_id, last_used_at=NOON - timedelta(hours=4))
    listed = [session.name for session in await store.sessions_of(ada.user_id)]
    assert listed == ["older", "old", "unused", "older unused"]


async def test_a_session_of_no_user_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.add_session(session_of(User("ghost", "ghost", NOON), "work"))


async def test_deleting_a_session_twice_is_no_error(store: Store) -> None:
    ada = await store.add_user("ada")
    put = session_of(ada, "work")
    await store.add_session(put)
    await store.delete_session(put.session_id)
    await store.delete_session(put.session_id)
    assert await store.sessions_of(ada.user_id) == []


async def test_a_user_is_found_by_name_by_id_and_by_key(store: Store) -> None:
    ada = await store.add_user("ada")
    await store.add_key(key_of(ada, "SHA256:one"))
    await store.add_key(key_of(ada, "SHA256:two"))
    assert await store.user_by_name("ada") == ada == await store.user(ada.user_id)
    assert await store.user_by_name("bob") is None
    assert (await store.key_by_fingerprint("SHA256:two")) == key_of(ada, "SHA256:two")
    assert [key.fingerprint for key in await store.keys_of(ada.user_id)] == [
        "SHA256:one",
        "SHA256:two",
    ]
    await store.remove_key("SHA256:one")
    assert await store.key_by_fingerprint("SHA256:one") is None


async def test_a_key_opens_one_account_only(store: Store) -> None:
    ada, bob = await store.add_user("ada"), await store.add_user("bob")
    await store.add_key(key_of(ada, "SHA256:one"))
    with pytest.raises(Conflict, match="key"):
        await store.add_key(key_of(bob, "SHA256:one"))
    with pytest.raises(NotFound, match="user"):
        await store.add_key(key_of(User("ghost", "ghost", NOON), "SHA256:three"))


async def test_an_account_whose_key_is_taken_is_not_made_at_all(store: Store) -> None:
    ada = await store.add_user("ada")
    await store.add_key(key_of(ada, "SHA256:one"))
    bob = User("b", "bob", NOON)
    with pytest.raises(Conflict, match="key"):
        await store.add_account(bob, [key_of(bob, "SHA256:new"), key_of(bob, "SHA256:one")])
    assert [user.name for user in await store.list_users()] == ["ada"]
    assert await store.key_by_fingerprint("SHA256:new") is None


async def test_a_user_name_is_taken_once(store: Store) -> None:
    await store.add_user("ada")
    with pytest.raises(Conflict, match="“ada”"):
        await store.add_user("ada")


async def test_a_user_with_sessions_stays_and_one_without_takes_the_keys_along(
    store: Store,
) -> None:
    ada = await store.add_user("ada")
    await store.add_key(key_of(ada, "SHA256:one"))
    put = session_of(ada, "work")
    await store.add_session(put)
    with pytest.raises(Conflict):
        await store.remove_user(ada.user_id)
    await store.delete_session(put.session_id)
    await store.remove_user(ada.user_id)
    assert await store.key_by_fingerprint("SHA256:one") is None
    with pytest.raises(NotFound):
        await store.remove_user(ada.user_id)


def share_of(session: Session, user: User, access: Access, at: datetime = NOON) -> Share:
    return Share(session.session_id, user.user_id, user.name, access, at)


async def test_what_is_shared_is_seen_among_ones_own_with_its_owner_and_by_nobody_else(
    store: Store,
) -> None:
    ada, bob, eve = [await store.add_user(name) for name in ("ada", "bob", "eve")]
    work = session_of(ada, "work", NOON - timedelta(days=2))
    await store.add_session(work)
    for age in (1, 3):
        await store.add_session(session_of(bob, f"bobs {age}", NOON - timedelta(days=age)))
    await store.put_share(share_of(work, bob, Access.VIEWER))
    assert [session.name for session in await store.sessions_seen_by(bob.user_id)] == [
        "bobs 1",
        "work",
        "bobs 3",
    ]
    seen = await store.session_seen_by(work.session_id, bob.user_id)
    assert seen == replace(work, access=Access.VIEWER, owner="ada", shared_with=1)
    assert await store.sessions_seen_by(ada.user_id) == [replace(work, shared_with=1)]
    assert await store.session_seen_by(work.session_id, eve.user_id) is None
    assert await store.sessions_named(bob.user_id, "work") == [seen]
    assert await store.sessions_named(bob.user_id, "work", "bob") == []
    assert await store.sessions_named(eve.user_id, "work", "ada") == []
    assert await store.sessions_seen_by(eve.user_id) == []
    assert [session.name for session in await store.sessions_of(bob.user_id)] == [
        "bobs 1",
        "bobs 3",
    ]


async def test_sharing_again_changes_the_access_and_keeps_the_date(store: Store) -> None:
    ada, bob, carl = [await store.add_user(name) for name in ("ada", "bob", "carl")]
    work = session_of(ada, "work")
    await store.add_session(work)
    await store.put_share(share_of(work, carl, Access.WRITER))
    await store.put_share(share_of(work, bob, Access.VIEWER))
    await store.put_share(share_of(work, bob, Access.WRITER, NOON + timedelta(days=1)))
    expected = [share_of(work, bob, Access.WRITER), share_of(work, carl, Access.WRITER)]
    assert await store.shares_of(work.session_id) == expected
    assert await store.shares_with(bob.user_id) == expected[:1]
    assert await store.remove_share(work.session_id, bob.user_id)
    assert not await store.remove_share(work.session_id, bob.user_id)
    assert await store.all_shares() == expected[1:]
    with pytest.raises(NotFound):
        await store.put_share(share_of(work, User("ghost", "ghost", NOON), Access.VIEWER))


async def test_a_share_goes_with_its_user_and_with_its_session(store: Store) -> None:
    ada, bob, carl = [await store.add_user(name) for name in ("ada", "bob", "carl")]
    work = session_of(ada, "work")
    await store.add_session(work)
    for user in (bob, carl):
        await store.put_share(share_of(work, user, Access.VIEWER))
    await store.remove_user(bob.user_id)
    assert [share.name for share in await store.shares_of(work.session_id)] == ["carl"]
    await store.delete_session(work.session_id)
    assert await store.all_shares() == []
    assert await store.sessions_seen_by(carl.user_id) == []


async def test_the_audit_trail_outlives_its_user_and_ends_with_the_newest(store: Store) -> None:
    ada = await store.add_user("ada")
    await store.audit(EventCode.USER_ADDED, user_id=ada.user_id, detail={"name": "ada"})
    await store.audit(EventCode.LOGIN, user_id=ada.user_id, address="127.0.0.1")
    await store.remove_user(ada.user_id)
    await store.audit(EventCode.USER_REMOVED, user_id=ada.user_id)
    tail = await store.audit_tail(2)
    assert [event.code for event in tail] == ["login", "user.removed"]
    assert tail[0].address == "127.0.0.1"
    (first, *_) = await store.audit_tail(10)
    assert first.detail == {"name": "ada"}


async def test_fifty_writers_and_readers_at_once_all_get_through(store: Store) -> None:
    ada = await store.add_user("ada")

    async def write_and_read(number: int) -> None:
        put = session_of(ada, f"s{number}")
        await store.add_session(put)
        assert await store.session(put.session_id) == put

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(write_and_read(number))
    assert len(await store.sessions_of(ada.user_id)) == 50


async def test_a_cancelled_write_leaves_a_store_that_works(store: Store) -> None:
    ada = await store.add_user("ada")
    for number in range(40):
        writing = asyncio.create_task(store.add_session(session_of(ada, f"s{number}")))
        for _ in range(number):  # Cancel it at a different point each time.
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    async with asyncio.timeout(5):
        await store.add_session(session_of(ada, "last"))
        assert "last" in {session.name for session in await store.sessions_of(ada.user_id)}
