"""Every call of `Core`, by everybody it may come from, in this process and over a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from tests.core_support import House, remove_account, serving_core
from vibetui.core import Core
from vibetui.errors import (
    Conflict,
    Denied,
    EngineUnavailable,
    Invalid,
    NotFound,
    OpenError,
    VibeError,
)
from vibetui.events import OpenStep, StepState
from vibetui.model import Access, Session, SessionChange, SessionNotice

Call = Callable[[Core, str], Awaitable[object]]


@dataclass(frozen=True)
class Cast:
    """One session, and a core for each way to stand to it."""

    house: House
    session: Session
    cores: dict[str, Core]


@pytest.fixture(params=["LocalCore", "CoreClient"])
async def cast(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cast]:
    async with serving_core(tmp_path / "data") as house:
        names = ("owner", "writer", "viewer", "friend", "stranger")
        users = [await house.service.store.add_user(name) for name in names]
        cores: dict[str, Core] = {}
        for user in users:
            local = request.param == "LocalCore"
            cores[user.name] = house.service.as_user(user) if local else await house.as_user(user)
        session = await cores["owner"].create_session("work")
        await cores["owner"].share_session(session.session_id, "writer", Access.WRITER)
        await cores["owner"].share_session(session.session_id, "viewer", Access.VIEWER)
        await cores["owner"].share_session(session.session_id, "friend", Access.VIEWER)
        yield Cast(house, session, cores)


async def exhausted(stream: Any) -> None:
    async with aclosing(stream) as items:
        async for _ in items:
            pass


# What each hears, in this order; nothing: they may. The engine is away: who gets there may, too.
GONE = (EngineUnavailable,)
CALLS: dict[str, tuple[Call, dict[str, tuple[type[VibeError], ...]]]] = {
    "rename": (
        lambda core, at: core.rename_session(at, "renamed"),
        {"owner": (), "writer": (Denied,), "viewer": (Denied,)},
    ),
    "set_recording": (
        lambda core, at: core.set_recording(at, True),
        {"owner": (), "writer": (Denied,), "viewer": (Denied,)},
    ),
    "delete": (
        lambda core, at: core.delete_session(at),
        {"owner": GONE, "writer": (Denied,), "viewer": (Denied,)},
    ),
    "stop": (
        lambda core, at: core.stop_session(at),
        {"owner": GONE, "writer": (Denied,), "viewer": (Denied,)},
    ),
    "open": (
        lambda core, at: exhausted(core.open_session(at)),
        {"owner": (OpenError,), "writer": (OpenError,), "viewer": (Denied,)},
    ),
    "recreate": (
        lambda core, at: exhausted(core.open_session(at, recreate=True)),
        {"owner": (OpenError,), "writer": (Denied,), "viewer": (Denied,)},
    ),
    "cancel": (
        lambda core, at: core.cancel_open(at),
        {"owner": (), "writer": (), "viewer": (Denied,)},
    ),
    "attach": (
        lambda core, at: core.attach(at),
        {"owner": (OpenError,), "writer": (OpenError,), "viewer": (OpenError,)},
    ),
    "attach_files": (
        lambda core, at: core.attach_files(at),
        {"owner": GONE, "writer": GONE, "viewer": (Denied,)},
    ),
    "copy_session": (
        lambda core, at: exhausted(core.copy_session(at, "copied")),
        {"owner": GONE, "writer": GONE, "viewer": (Denied,)},
    ),
    "log": (
        lambda core, at: core.session_log(at),
        {"owner": GONE, "writer": GONE, "viewer": (Denied,)},
    ),
    "shares": (
        lambda core, at: core.shares(at),
        {"owner": (), "writer": (Denied,), "viewer": (Denied,)},
    ),
    "share": (
        lambda core, at: core.share_session(at, "stranger", Access.WRITER),
        {"writer": (Denied,), "viewer": (Denied,)},
    ),
    "unshare": (
        lambda core, at: core.unshare_session(at, "friend"),
        {"writer": (Denied,), "viewer": (Denied,), "friend": (), "owner": (NotFound,)},
    ),
}


@pytest.mark.parametrize("call", CALLS)
async def test_everybody_may_do_what_they_may_and_hears_why_not(cast: Cast, call: str) -> None:
    ask, expected = CALLS[call]
    at, flown = cast.session.session_id, cast.house.manager
    for who, refusals in [*expected.items(), ("stranger", (NotFound,))]:
        flown.flight(at).land(OpenError("The engine is away."))
        error = await what_came(ask(cast.cores[who], at))
        if error is None:
            assert not refusals, f"{who} was let"
            continue
        assert type(error) in refusals, f"{who}: {error!r}"
        assert error.message.endswith(".")
        if type(error) is Denied:
            assert "owner" in error.message + error.hint


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing announces a subscription
            await asyncio.sleep(0)


async def what_came(asked: Awaitable[object]) -> VibeError | None:
    try:
        await asked
    except VibeError as error:
        return error
    return None


@pytest.mark.parametrize("call", CALLS)
async def test_to_a_stranger_it_is_as_missing_as_one_that_never_was(cast: Cast, call: str) -> None:
    ask, _ = CALLS[call]
    told = []
    for at in (cast.session.session_id, "neverwas"):
        with pytest.raises(NotFound) as raised:
            await ask(cast.cores["stranger"], at)
        told.append(raised.value.to_json())
    assert told[0] == told[1]


async def test_a_session_is_found_by_its_name_or_by_its_owners_name_too(cast: Cast) -> None:
    owner, viewer, at = cast.cores["owner"], cast.cores["viewer"], cast.session.session_id
    for core, reference in [
        (owner, "work"),
        (owner, "owner+work"),
        (viewer, "work"),
        (viewer, "owner+work"),
    ]:
        assert (await core.find_session(reference)).session_id == at
    assert (await viewer.find_session("work")).owner == "owner"

    own = await viewer.create_session("work")
    assert (await viewer.find_session("work")).session_id == own.session_id
    assert (await viewer.find_session("owner+work")).session_id == at

    await viewer.share_session(own.session_id, "writer", Access.WRITER)
    with pytest.raises(Conflict, match="Several people"):
        await cast.cores["writer"].find_session("work")
    assert (await cast.cores["writer"].find_session("viewer+work")).session_id == own.session_id


async def test_a_reference_tells_a_stranger_nothing(cast: Cast) -> None:
    told = []
    nothing = ("work", "owner+work", cast.session.session_id, "missing", "owner+missing", "", "+")
    for reference in nothing:
        with pytest.raises(NotFound) as raised:
            await cast.cores["stranger"].find_session(reference)
        told.append(raised.value.to_json())
    assert all(each == told[0] for each in told)


def test_the_table_has_every_call_about_a_session() -> None:
    named = {
        "rename": "rename_session",
        "delete": "delete_session",
        "stop": "stop_session",
        "open": "open_session",
        "recreate": "open_session",
        "cancel": "cancel_open",
        "log": "session_log",
        "share": "share_session",
        "unshare": "unshare_session",
    }
    covered = {named.get(call, call) for call in CALLS}
    about_one = {
        name
        for name, method in vars(Core).items()
        if callable(method) and "session_id" in signature(method).parameters
    }
    assert about_one - {"move_presence"} == covered


async def test_the_list_has_what_is_shared_with_its_owner_and_what_one_may(cast: Cast) -> None:
    seen = {}
    for who, core in cast.cores.items():
        seen[who] = [(s.name, s.owner, s.access, s.shared_with) for s in await core.list_sessions()]
    assert seen == {
        "owner": [("work", "", Access.OWNER, 3)],
        "writer": [("work", "owner", Access.WRITER, 3)],
        "viewer": [("work", "owner", Access.VIEWER, 3)],
        "friend": [("work", "owner", Access.VIEWER, 3)],
        "stranger": [],
    }


async def test_a_viewer_watches_a_start_and_a_writer_cancels_their_own_only(cast: Cast) -> None:
    at, manager = cast.session.session_id, cast.house.manager
    heard = asyncio.Event()

    async def look_on() -> None:
        async with aclosing(cast.cores["viewer"].open_session(at)) as events:  # type: ignore[type-var]
            async for event in events:
                assert event.step is OpenStep.LOOKUP
                heard.set()

    manager.flight(at).begun_by = cast.session.user_id
    manager.flight(at).report(OpenStep.LOOKUP, StepState.RUNNING)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(look_on())
        await heard.wait()
        with pytest.raises(Denied, match="Somebody else"):
            await cast.cores["writer"].cancel_open(at)
        writer = await cast.cores["writer"].whoami()
        manager.flight(at).begun_by = writer.user_id
        await cast.cores["writer"].cancel_open(at)
        manager.flight(at).land()


async def test_sharing_checks_whom_and_as_what(cast: Cast) -> None:
    core, at = cast.cores["owner"], cast.session.session_id
    with pytest.raises(NotFound, match="no user called “nobody”"):
        await core.share_session(at, "nobody", Access.VIEWER)
    with pytest.raises(Invalid, match="owns"):
        await core.share_session(at, "owner", Access.VIEWER)
    with pytest.raises(Invalid, match="one owner"):
        await core.share_session(at, "writer", Access.OWNER)
    with pytest.raises(NotFound, match="isn't shared with stranger"):
        await core.unshare_session(at, "stranger")
    assert [(s.name, s.access) for s in await core.shares(at)] == [
        ("friend", Access.VIEWER),
        ("viewer", Access.VIEWER),
        ("writer", Access.WRITER),
    ]
    trail = [event.code for event in await cast.house.service.store.audit_tail(10)]
    assert trail[-2:] == ["session.shared", "session.shared"]


async def test_whose_account_is_removed_shares_nothing_any_more(cast: Cast) -> None:
    at, settings = cast.session.session_id, cast.house.settings
    await remove_account(settings, "writer")
    assert [share.name for share in await cast.cores["owner"].shares(at)] == ["friend", "viewer"]
    with pytest.raises(NotFound):
        await cast.cores["writer"].attach(at)
    with pytest.raises(NotFound):
        await remove_account(settings, "writer")


async def test_whoever_it_is_shared_with_hears_of_it_of_changes_and_of_the_end(cast: Cast) -> None:
    at, owner = cast.session.session_id, cast.cores["owner"]
    core = cast.cores["stranger"]
    watchers = cast.house.service.watchers
    user = await core.whoami()

    async def told(change: SessionChange, fits: Callable[[Session], bool]) -> SessionNotice:
        while True:
            notice: SessionNotice = await following
            if notice.change is change and fits(notice.session):
                return notice
            renew()

    def renew() -> None:
        nonlocal following
        following = asyncio.ensure_future(anext(notices))

    async with (
        aclosing(core.watch()) as notices,  # type: ignore[type-var]
        asyncio.timeout(20),
    ):
        following: asyncio.Future[SessionNotice] = asyncio.ensure_future(anext(notices))
        await until(lambda: user.user_id in watchers._boxes)
        await owner.share_session(at, "stranger", Access.VIEWER)
        notice = await told(SessionChange.CREATED, lambda seen: seen.access is Access.VIEWER)
        assert (notice.session.name, notice.session.owner) == ("work", "owner")
        renew()
        await owner.share_session(at, "stranger", Access.WRITER)
        await told(SessionChange.UPDATED, lambda seen: seen.access is Access.WRITER)
        renew()
        await owner.rename_session(at, "other")
        await told(SessionChange.UPDATED, lambda seen: seen.name == "other")
        renew()
        await owner.unshare_session(at, "stranger")
        await told(SessionChange.DELETED, lambda seen: seen.session_id == at)
        assert await core.list_sessions() == []
