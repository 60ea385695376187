"""Who may do what over which socket, and what the others are told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import CapturingLogger

from tests.core_support import AgentStandIn, House, serving_core
from vibetui.core import Core
from vibetui.core.accounts import add_account, operator_name
from vibetui.core.client import CoreClient
from vibetui.core.front_client import FrontClient
from vibetui.errors import Conflict, Invalid, NotFound, VibeError
from vibetui.events import EventCode
from vibetui.model import Access, Account, Session, SessionStatus, User

CHECKOUT = Path(__file__).resolve().parents[2]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNp5KkCeMcJYxjhDJ5h8q4m9yPqGmJ0bS3mS8V1nQ0F ada@home"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving_core(tmp_path / "data") as serving:
        yield serving


async def exhaust(stream: Any) -> None:
    async with aclosing(stream) as items:
        async for _ in items:
            pass


METHODS: dict[str, Callable[[Core, str], Awaitable[object]]] = {
    "record": lambda core, session_id: core.set_recording(session_id, True),
    "rename": lambda core, session_id: core.rename_session(session_id, "mine-now"),
    "delete": lambda core, session_id: core.delete_session(session_id),
    "stop": lambda core, session_id: core.stop_session(session_id),
    "open": lambda core, session_id: exhaust(core.open_session(session_id)),
    "recreate": lambda core, session_id: exhaust(core.open_session(session_id, recreate=True)),
    "cancel": lambda core, session_id: core.cancel_open(session_id),
    "attach": lambda core, session_id: core.attach(session_id),
    "attach_files": lambda core, session_id: core.attach_files(session_id),
    "copy": lambda core, session_id: exhaust(core.copy_session(session_id, "copied")),
    "log": lambda core, session_id: core.session_log(session_id),
}


@pytest.mark.parametrize("method", METHODS)
async def test_a_foreign_session_is_as_missing_as_one_that_never_was(
    house: House, method: str
) -> None:
    ada, bob = await house.service.store.add_user("ada"), await house.service.store.add_user("bob")
    pairs: list[tuple[Core, Core]] = [
        (await house.as_user(ada), await house.as_user(bob)),
        (house.service.as_user(ada), house.service.as_user(bob)),
    ]
    for number, (adas, bobs) in enumerate(pairs):
        secret = await adas.create_session(f"secret{number}")
        async with AgentStandIn(house.settings.run_dir, secret.session_id):
            told = []
            for session_id in (secret.session_id, "neverwas", "../whoami", "a/b?c#d", "%2e%2e"):
                with pytest.raises(NotFound) as raised:
                    await METHODS[method](bobs, session_id)
                told.append(raised.value.to_json())
            assert all(answer == told[0] for answer in told[:2])
        row = await house.service.store.session(secret.session_id)
        assert row == replace(secret, recording=None)
        assert await bobs.list_sessions() == []


async def test_each_door_leads_to_its_own_user_and_the_own_socket_to_the_operator(
    house: House,
) -> None:
    ada, bob = await house.service.store.add_user("ada"), await house.service.store.add_user("bob")
    assert await (await house.as_user(ada)).whoami() == ada
    assert await (await house.as_user(bob)).whoami() == bob
    assert (await house.operator().whoami()).name == operator_name()


async def test_a_users_door_has_none_of_the_fronts_routes(house: House) -> None:
    ada, bob = await house.service.store.add_user("ada"), await house.service.store.add_user("bob")
    front = house.front_client()
    door = await front.open_door(ada.user_id)
    as_ada = FrontClient(door)
    with pytest.raises(NotFound):
        await as_ada.open_door(bob.user_id)
    with pytest.raises(NotFound):
        await as_ada.authenticate("SHA256:x")
    with pytest.raises(NotFound):
        await as_ada.audit(EventCode.LOGIN)
    await as_ada.close()


async def test_the_front_has_no_user_and_no_sessions(house: House) -> None:
    client = CoreClient(os.dup(house.door))
    with pytest.raises(NotFound):
        await client.list_sessions()
    await client.close()


async def test_a_key_is_whose_it_is_and_a_strangers_is_nobodys(house: House) -> None:
    ada, (key,) = await add_account(house.service.store, "ada", KEY)
    front = house.front_client()
    assert await front.authenticate(key.fingerprint) == Account(ada)
    assert await front.authenticate("SHA256:stranger") is None
    with pytest.raises(NotFound):
        await front.open_door("nosuchuser")
    os.close(await front.open_door(ada.user_id))
    await house.service.store.remove_user(ada.user_id)
    with pytest.raises(NotFound):
        await front.open_door(ada.user_id)
    assert await front.authenticate(key.fingerprint) is None


async def test_what_the_front_audits_is_in_the_trail(house: House) -> None:
    await house.front_client().audit(
        EventCode.LOGIN_REFUSED, address="127.0.0.1", detail={"fingerprint": "SHA256:x"}
    )
    (event,) = await house.service.store.audit_tail(1)
    assert (event.code, event.address) == ("login.refused", "127.0.0.1")
    assert event.detail == {"fingerprint": "SHA256:x"}


async def test_the_trail_says_who_did_it_from_where_also_to_a_session_of_somebody_else(
    house: House,
) -> None:
    store = house.service.store
    ada, bob = await store.add_user("ada"), await store.add_user("bob")
    front = house.front_client()

    async def connected(user: User, address: str) -> CoreClient:
        return CoreClient(await front.open_door(user.user_id), client=address)

    adas, bobs = await connected(ada, "192.0.2.1"), await connected(bob, "192.0.2.2")
    web = await adas.create_session("web")
    await adas.rename_session(web.session_id, "site")
    await adas.share_session(web.session_id, "bob", Access.WRITER)
    await bobs.unshare_session(web.session_id, "bob")
    said = [(event.code, event.user_id, event.address) for event in await store.audit_tail(9)]
    assert said == [
        ("session.created", ada.user_id, "192.0.2.1"),
        ("session.renamed", ada.user_id, "192.0.2.1"),
        ("session.shared", ada.user_id, "192.0.2.1"),
        ("session.unshared", bob.user_id, "192.0.2.2"),
    ]
    local = house.operator()
    await local.create_session("work")
    (event,) = await store.audit_tail(1)
    assert (event.user_id, event.address) == ((await local.whoami()).user_id, None)
    for client in (adas, bobs):
        await client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another account")
async def test_another_account_is_refused_on_the_own_socket_whatever_its_mode(
    house: House,
) -> None:
    for place in (house.settings.core_socket, *house.settings.core_socket.parents):
        if place.is_relative_to(house.settings.data_dir.parents[2]):
            place.chmod(0o777)
    script = """
        import os, socket, sys
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(sys.argv[1])
        sock.sendall(b"GET /v1/whoami HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
        print(sock.makefile().read())
        """
    asked = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(script), str(house.settings.core_socket)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert asked.stdout.startswith("HTTP/1.1 403")
    assert '"denied"' in asked.stdout


async def test_a_session_goes_through_its_life_as_rows(house: House) -> None:
    ada = await house.service.store.add_user("ada")
    core = await house.as_user(ada)
    first = await core.create_session("first")
    second = await core.create_session("second", "base")
    assert (first.template, first.status) == ("base", SessionStatus.STOPPED)
    assert [session.name for session in await core.list_sessions()] == ["second", "first"]
    with pytest.raises(Conflict, match="“first”"):
        await core.create_session("first")
    with pytest.raises(Conflict, match="“first”"):
        await core.rename_session(second.session_id, "first")
    with pytest.raises(Invalid):
        await core.create_session("no such template", "ghost")
    with pytest.raises(Invalid):
        await core.create_session("bad/name")
    renamed = await core.rename_session(first.session_id, "third")
    assert isinstance(renamed, Session)
    assert renamed.name == "third"
    assert [template.name for template in await core.templates()] == ["base"]


@pytest.mark.parametrize(
    ("method", "path", "content", "code"),
    [
        ("POST", "/v1/sessions", b"{", "invalid"),
        ("POST", "/v1/sessions", b"[]", "invalid"),
        ("POST", "/v1/sessions", b"{}", "invalid"),
        ("POST", "/v1/sessions", b'{"name": 7}', "invalid"),
        ("POST", "/v1/sessions", b'{"name": "a", "template": 7}', "invalid"),
        ("POST", "/v1/sessions/x/attach", b"", "invalid"),
        ("POST", "/v1/front/doors", b"{}", "invalid"),
        ("POST", "/v1/front/audit", b'{"code": "made.up"}', "invalid"),
        ("POST", "/v1/front/audit", b'{"code": "login", "detail": 7}', "invalid"),
        ("GET", "/v1/nowhere", b"", "not_found"),
        ("PATCH", "/v1/sessions", b"", "not_found"),
    ],
)
async def test_a_request_that_makes_no_sense_gets_a_json_error_and_harms_nothing(
    house: House, method: str, path: str, content: bytes, code: str
) -> None:
    connector = aiohttp.UnixConnector(str(house.settings.core_socket))
    async with aiohttp.ClientSession(connector=connector) as http:
        async with http.request(method, f"http://core{path}", data=content) as response:
            assert response.status in (400, 404, 405)
            assert (await response.json())["code"] == code
        async with http.get("http://core/v1/whoami") as response:
            assert response.status == 200


async def test_what_nobody_foresaw_is_one_sentence_to_the_client_and_a_trace_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = CapturingLogger()
    monkeypatch.setattr("vibetui.core.server.answers.log", written)

    async def broken(*_: object) -> str:
        raise ZeroDivisionError("secret internals")

    core = house.operator()
    session = await core.create_session("work")
    monkeypatch.setattr(house.manager, "log", broken)
    with pytest.raises(VibeError) as raised:
        await core.session_log(session.session_id)
    assert raised.value.message == "Something went wrong in the server's core."
    assert "secret" not in str(raised.value.to_json())
    (line,) = [call for call in written.calls if call.method_name == "error"]
    assert "secret internals" in repr(line.kwargs["exc_info"])


async def test_a_core_that_stops_as_soon_as_it_serves_leaves_no_task_behind(tmp_path: Path) -> None:
    for turn in range(40):
        async with serving_core(tmp_path / str(turn)) as house:
            client = CoreClient(os.dup(house.door))
            with pytest.raises(NotFound):
                await client.list_sessions()
            await client.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            await asyncio.wait(left, timeout=5)
        assert [task for task in left if not task.done()] == []
