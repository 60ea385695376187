"""`Administration`: on a store, over the operator's socket, and over an administrator's door."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.core_support import House, serving_core
from vibetui.cli.accounts import administration
from vibetui.core.accounts import operator_name
from vibetui.core.administration import Administration, AuditFilter, OwnKeys
from vibetui.core.administration.base import Actor
from vibetui.core.administration.client import administration_over, own_keys_over
from vibetui.core.administration.local import LocalAdministration
from vibetui.core.administration.wire import methods_of
from vibetui.core.logins import hash_code
from vibetui.errors import Conflict, CoreUnavailable, Denied, Invalid, NotFound
from vibetui.events import EventCode
from vibetui.model import User, UserRole

ADAS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNp5KkCeMcJYxjhDJ5h8q4m9yPqGmJ0bS3mS8V1nQ0F ada@home"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNp5KkCeMcJYxjhDJ5h8q4m9yPqGmJ0bS3mS8V1nQ1F other"
PASSWORD = "correct horse battery staple"


@dataclass
class Office:
    """An administrator (`root`) and what they administer."""

    house: House
    root: User
    desk: Administration
    by: str
    """Who the trail says it was."""


@pytest.fixture(params=["store", "operator", "door"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with serving_core(tmp_path / "data") as house:
        root = await house.service.store.add_user("root-ada")
        await house.service.store.set_role(root.user_id, UserRole.ADMIN)
        if request.param == "store":
            actor = Actor("somebody")
            desk: Administration = LocalAdministration(house.service.store, house.settings, actor)
            yield Office(house, root, desk, "somebody")
        elif request.param == "operator":
            async with administration(house.settings) as desk:
                yield Office(house, root, desk, operator_name())
        else:
            desk = administration_over((await house.as_user(root)).channel)
            yield Office(house, root, desk, root.name)


async def trail(house: House) -> list[dict[str, Any]]:
    """What was written of changes."""
    found = await house.service.store.audit_tail(100)
    return [{"code": entry.code, **entry.detail} for entry in found]


async def test_an_account_is_made_listed_and_removed(office: Office) -> None:
    (key,) = await office.desk.add_account("ada", ADAS)
    assert (key.algorithm, key.comment) == ("ssh-ed25519", "ada@home")
    accounts = {each.user.name: each for each in await office.desk.accounts()}
    assert accounts["ada"].keys == (key,)
    assert accounts["ada"].user.role is UserRole.USER
    assert (accounts["ada"].sessions, accounts["ada"].last_login) == (0, None)

    (more,) = await office.desk.add_account("ada", OTHER)
    assert [each.keys for each in await office.desk.accounts() if each.user.name == "ada"] == [
        (key, more)
    ]
    with pytest.raises(Conflict):
        await office.desk.add_account("bob", OTHER)
    with pytest.raises(Invalid):
        await office.desk.add_account("Not A Name", OTHER)
    await office.desk.remove_account("ada")
    assert [each.user.name for each in await office.desk.accounts()] == ["root-ada"]
    with pytest.raises(NotFound):
        await office.desk.remove_account("ada")

    told = await trail(office.house)
    assert [entry["code"] for entry in told] == ["user.added", "key.added", "user.removed"]
    assert {(entry["by"], entry["account"]) for entry in told} == {(office.by, "ada")}


async def test_an_account_with_sessions_stays(office: Office) -> None:
    (key,) = await office.desk.add_account("ada", ADAS)
    ada = await office.house.service.store.user(key.user_id)
    assert ada is not None
    await office.house.service.as_user(ada).create_session("work")
    with pytest.raises(Conflict, match="1 session"):
        await office.desk.remove_account("ada")
    (session,) = await office.desk.sessions()
    assert (session.owner, session.name) == ("ada", "work")


async def test_the_last_administrator_stays_one_while_there_are_others(office: Office) -> None:
    await office.desk.set_role("root-ada", UserRole.ADMIN)
    await office.desk.add_account("ada", ADAS)
    for refused in (
        office.desk.set_role("root-ada", UserRole.USER),
        office.desk.remove_account("root-ada"),
    ):
        with pytest.raises(Conflict, match="only administrator") as raised:
            await refused
        assert "user role" in raised.value.hint
    changed = await office.desk.set_role("ada", UserRole.ADMIN)
    assert changed.role is UserRole.ADMIN
    await office.desk.set_role("root-ada", UserRole.USER)


@pytest.mark.parametrize(
    "password", ["short", "eleven char", "adaadaadaada", "aaaaaaaaaaaaaaaa", "ada" + "1234567"]
)
async def test_a_password_that_is_easily_guessed_is_refused(office: Office, password: str) -> None:
    await office.desk.add_account("ada", ADAS)
    with pytest.raises(Invalid):
        await office.desk.set_password("ada", password)
    assert not any(each.has_password for each in await office.desk.accounts())


async def test_secrets_are_set_shown_once_and_written_nowhere(office: Office) -> None:
    store = office.house.service.store
    (key,) = await office.desk.add_account("ada", ADAS)
    await office.desk.set_password("ada", PASSWORD)
    factor = await office.desk.new_second_factor("ada")
    invite = await office.desk.make_invite(2, 3600)
    assert factor.secret in factor.uri
    assert not invite.usable
    (account,) = [each for each in await office.desk.accounts() if each.user.name == "ada"]
    assert account.has_password
    assert account.has_second_factor
    assert await store.invite_by_hash(hash_code(invite.code)) == invite.invite

    written = (office.house.settings.data_dir / "audit.jsonl").read_text()
    assert written.count("user.changed") == 2
    for secret in (PASSWORD, factor.secret, invite.code, invite.code.replace("-", "")):
        assert secret not in written
        assert secret not in repr(await trail(office.house))

    await office.desk.set_password("ada", None)
    await office.desk.remove_second_factor("ada")
    with pytest.raises(NotFound):
        await office.desk.remove_second_factor("ada")
    assert await store.password_hash(key.user_id) is None
    assert await store.totp(key.user_id) is None


async def test_invitations_are_listed_and_revoked(office: Office) -> None:
    made = await office.desk.make_invite(3, 60)
    assert made.invite.made_by == office.by
    assert made.invite.expires_at - made.invite.created_at == timedelta(seconds=60)
    assert await office.desk.invites() == [made.invite]
    await office.desk.revoke_invite(made.invite.invite_id)
    assert await office.desk.invites() == []
    with pytest.raises(NotFound):
        await office.desk.revoke_invite(made.invite.invite_id)
    for uses, seconds in ((0, 60), (1, 1), (1, 1e12), (10**6, 60)):
        with pytest.raises(Invalid):
            await office.desk.make_invite(uses, seconds)


async def test_keys_are_added_labelled_and_removed(office: Office) -> None:
    with pytest.raises(NotFound):
        await office.desk.add_keys("ada", ADAS)
    await office.desk.add_account("ada", ADAS)
    (key,) = await office.desk.add_keys("ada", OTHER)
    labelled = await office.desk.label_key(key.fingerprint.removeprefix("SHA256:"), " laptop ")
    assert labelled.comment == "laptop"
    for label in ("", "x" * 65, "two\nlines", "\x1b[31m"):
        with pytest.raises(Invalid):
            await office.desk.label_key(key.fingerprint, label)
    await office.desk.remove_key(key.fingerprint)
    for gone in (office.desk.remove_key(key.fingerprint), office.desk.label_key("SHA256:x", "y")):
        with pytest.raises(NotFound):
            await gone


async def test_the_trail_is_found_by_user_session_code_and_time(office: Office) -> None:
    store = office.house.service.store
    (key,) = await office.desk.add_account("ada", ADAS)
    ada = await store.user(key.user_id)
    assert ada is not None
    made = await office.house.service.as_user(ada).create_session("work")
    await store.audit(EventCode.LOGIN, user_id=ada.user_id, address="192.0.2.1")
    await store.audit(EventCode.LOGIN_REFUSED, address="192.0.2.2")
    await store.audit(EventCode.EXEC, user_id=ada.user_id, session_id=made.session_id)

    async def codes(**wanted: Any) -> list[str]:
        found = await office.desk.audit_tail(AuditFilter(**wanted), 100)
        return [line.code for line in found]

    assert await codes(code="login") == ["login", "login.refused"]
    assert await codes(code="log") == []
    assert await codes(user="ada") == ["user.added", "session.created", "login", "exec"]
    assert await codes(user=ada.user_id) == ["session.created", "login", "exec"]
    for session in ("work", "ada+work", made.session_id):
        assert await codes(session=session) == ["session.created", "exec"]
    assert await codes(session="root-ada+work") == []
    assert await codes(user="ada", session="work", code="exec") == ["exec"]
    assert await codes(since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(await codes(since=datetime.now(UTC) - timedelta(hours=1))) == 5

    (last,) = await office.desk.audit_tail(AuditFilter(), 1)
    assert (last.code, last.user, last.session) == ("exec", "ada", "work")
    (account,) = [each for each in await office.desk.accounts() if each.user.name == "ada"]
    assert account.last_login is not None


async def test_the_trail_is_followed(office: Office) -> None:
    store = office.house.service.store
    if office.by == "somebody":
        with pytest.raises(CoreUnavailable):
            await anext(office.desk.follow_audit(AuditFilter(), 0))  # type: ignore[call-overload]
        return
    await store.audit(EventCode.LOGIN, address="192.0.2.1")
    (before,) = await office.desk.audit_tail(AuditFilter(code="login"), 10)
    following = office.desk.follow_audit(AuditFilter(code="login"), before.event_id)
    async with asyncio.timeout(10), aclosing(following) as entries:  # type: ignore[type-var]
        await store.audit(EventCode.LOGIN, address="192.0.2.2")
        assert (await anext(entries)).address == "192.0.2.2"
        coming = asyncio.ensure_future(anext(entries))
        await store.audit(EventCode.LOBBY, address="192.0.2.3")
        await store.audit(EventCode.LOGIN, address="192.0.2.4")
        assert (await coming).address == "192.0.2.4"


async def test_templates_are_those_of_the_settings(office: Office) -> None:
    assert await office.desk.templates() == office.house.settings.template_list()


# Who may

CALLS: dict[str, Callable[[Administration, str], Awaitable[object]]] = {
    "accounts": lambda desk, _: desk.accounts(),
    "add_account": lambda desk, name: desk.add_account(name, OTHER),
    "remove_account": lambda desk, name: desk.remove_account(name),
    "set_role": lambda desk, name: desk.set_role(name, UserRole.ADMIN),
    "set_password": lambda desk, name: desk.set_password(name, PASSWORD),
    "new_second_factor": lambda desk, name: desk.new_second_factor(name),
    "remove_second_factor": lambda desk, name: desk.remove_second_factor(name),
    "add_keys": lambda desk, name: desk.add_keys(name, OTHER),
    "remove_key": lambda desk, name: desk.remove_key(name),
    "label_key": lambda desk, name: desk.label_key(name, "mine"),
    "make_invite": lambda desk, _: desk.make_invite(1, 3600),
    "invites": lambda desk, _: desk.invites(),
    "revoke_invite": lambda desk, name: desk.revoke_invite(name),
    "sessions": lambda desk, _: desk.sessions(),
    "stop_session": lambda desk, name: desk.stop_session(name, "work"),
    "remove_session": lambda desk, name: desk.remove_session(name, "work"),
    "templates": lambda desk, _: desk.templates(),
    "audit_tail": lambda desk, name: desk.audit_tail(AuditFilter(user=name), 10),
    "follow_audit": lambda desk, name: anext(desk.follow_audit(AuditFilter(user=name), 0)),  # type: ignore[call-overload]
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving_core(tmp_path / "data") as serving:
        yield serving


def test_every_call_of_an_administrator_is_in_the_table() -> None:
    assert CALLS.keys() == methods_of(Administration).keys()


@pytest.mark.parametrize("call", CALLS)
async def test_an_ordinary_user_is_refused_whatever_there_is_and_that_is_audited(
    house: House, call: str
) -> None:
    store = house.service.store
    root, bob = await store.add_user("root-ada"), await store.add_user("bob")
    await store.set_role(root.user_id, UserRole.ADMIN)
    await administration_over((await house.as_user(root)).channel).add_account("bob", ADAS)
    before = [await store.list_users(), await store.keys_of(bob.user_id)]
    desk = administration_over((await house.as_user(bob)).channel)
    told = set()
    for name in ("bob", "root-ada", "nobody", "SHA256:x"):
        with pytest.raises(Denied) as raised:
            await CALLS[call](desk, name)
        told.add(str(raised.value.to_json()))
    assert told == {str(Denied("Only an administrator can do that.").to_json())}
    assert [await store.list_users(), await store.keys_of(bob.user_id)] == before
    refusals = [
        entry
        for entry in await store.audit_tail(100)
        if entry.code == EventCode.ACCESS_REFUSED and entry.user_id == bob.user_id
    ]
    assert [entry.detail for entry in refusals] == [{"administration": call}] * 4


async def test_a_role_counts_from_the_next_call_on(house: House) -> None:
    store = house.service.store
    root, bob = await store.add_user("root-ada"), await store.add_user("bob")
    await store.set_role(root.user_id, UserRole.ADMIN)
    client = await house.as_user(bob)
    bobs = administration_over(client.channel)
    roots = administration_over((await house.as_user(root)).channel)
    with pytest.raises(Denied):
        await bobs.accounts()
    await roots.set_role("bob", UserRole.ADMIN)
    assert (await client.whoami()).role is UserRole.ADMIN
    assert len(await bobs.accounts()) == 2
    await bobs.set_role("bob", UserRole.USER)
    with pytest.raises(Denied):
        await bobs.accounts()


async def test_neither_the_front_nor_a_mistaken_request_administers(house: House) -> None:
    root = await house.service.store.add_user("root-ada")
    await house.service.store.set_role(root.user_id, UserRole.ADMIN)
    front = house.front_client()
    with pytest.raises(NotFound):
        await administration_over(front._channel).accounts()
    channel = (await house.as_user(root)).channel
    for arguments in (None, {}, {"name": 1, "role": "admin"}, {"name": "root-ada", "role": "king"}):
        with pytest.raises(Invalid):
            await channel.call("POST", "/v1/admin/set_role", {"arguments": arguments})


# One's own keys


async def own_keys(house: House, name: str, line: str) -> tuple[OwnKeys, User]:
    async with administration(house.settings) as operator:
        (key,) = await operator.add_account(name, line)
    user = await house.service.store.user(key.user_id)
    assert user is not None
    return own_keys_over((await house.as_user(user)).channel), user


async def test_everybody_looks_after_their_own_keys_and_nobody_elses(house: House) -> None:
    adas, ada = await own_keys(house, "ada", ADAS)
    bobs, _ = await own_keys(house, "bob", OTHER)
    (key,), (other,) = await adas.keys(), await bobs.keys()
    for foreign in (adas.remove(other.fingerprint), adas.label(other.fingerprint, "mine")):
        with pytest.raises(NotFound, match="You have no such key"):
            await foreign
    with pytest.raises(Conflict):
        await adas.add(OTHER)
    with pytest.raises(Invalid):
        await adas.add("")
    assert (await adas.label(key.fingerprint, "laptop")).comment == "laptop"
    more = OTHER.replace("nQ1F", "nQ2F")
    (second,) = await adas.add(f"{ADAS}\n{more}".splitlines()[1])
    await adas.remove(key.fingerprint)
    assert await adas.keys() == [second]
    told = [entry for entry in await house.service.store.audit_tail(20) if entry.user_id]
    assert [entry.code for entry in told] == ["key.labelled", "key.added", "key.removed"]
    assert {entry.user_id for entry in told} == {ada.user_id}


async def test_the_only_way_in_is_kept(house: House) -> None:
    adas, ada = await own_keys(house, "ada", ADAS)
    (key,) = await adas.keys()
    with pytest.raises(Conflict, match="only key"):
        await adas.remove(key.fingerprint)
    await house.service.store.set_password_hash(ada.user_id, "x")
    with pytest.raises(Conflict):
        await adas.remove(key.fingerprint)
    house.settings.password_login = True
    await adas.remove(key.fingerprint)
    assert await adas.keys() == []


# What follows


@pytest.mark.parametrize("how", ["account", "last key"])
async def test_whoever_can_not_log_in_any_more_is_out_at_once(house: House, how: str) -> None:
    _, ada = await own_keys(house, "ada", ADAS)
    client, front = await house.as_user(ada), house.front_client()
    async with asyncio.timeout(20), aclosing(front.endings()) as ended:
        telling = asyncio.ensure_future(anext(ended))
        watching = asyncio.ensure_future(anext(client.watch()))
        await client.whoami()
        async with administration(house.settings) as operator:
            await operator.add_account("bob", OTHER)
            await operator.set_role("bob", UserRole.ADMIN)
            if how == "account":
                await operator.remove_account("ada")
            else:
                (key,) = await house.service.store.keys_of(ada.user_id)
                await operator.remove_key(key.fingerprint)
        assert await telling == ada.user_id
        with pytest.raises(CoreUnavailable):
            await watching
        if how == "account":
            with pytest.raises((NotFound, CoreUnavailable)):
                await client.whoami()


async def test_without_a_server_the_store_is_administered_and_containers_are_not(
    tmp_path: Path,
) -> None:
    async with serving_core(tmp_path / "data") as house:
        settings = house.settings
        await house.service.store.add_user("ada")
    settings.core_socket.unlink()
    async with administration(settings) as operator:
        assert [each.user.name for each in await operator.accounts()] == ["ada"]
        with pytest.raises(NotFound):
            await operator.stop_session("ada", "work")


def test_the_methods_of_both_ends_are_those_of_the_protocol() -> None:
    for name, function in inspect.getmembers(Administration, inspect.isfunction):
        if not name.startswith("_"):
            here = inspect.signature(getattr(LocalAdministration, name)).parameters
            assert list(here) == list(inspect.signature(function).parameters), name
