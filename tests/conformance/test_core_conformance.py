"""`Core`, whichever it is: one suite for the core in this process and for the one over a socket.

With the real engine, the real agent and the real database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import BASE_IMAGE
from tests.core_support import remove_account
from tests.session_support import import_image, make_settings, raw_client
from vibetui.agent import (
    AgentConnection,
    AgentRefused,
    ErrorCode,
    Role,
    TerminalSpec,
    TerminalStream,
)
from vibetui.agent.exec import ExecSpec, Out
from vibetui.core import Core
from vibetui.core.client import CoreClient
from vibetui.core.doors import make_door
from vibetui.core.front_client import FrontClient
from vibetui.core.server import CoreServer
from vibetui.core.service import CoreService
from vibetui.errors import AgentError, Conflict, Invalid, NotFound, OpenError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.model import LABEL_INSTANCE, Access, SessionChange, SessionStatus, User
from vibetui.sessions.ownership import instance_id
from vibetui.settings import Settings

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Both:
    """One core as two users see it."""

    ada: Core
    bob: Core


@asynccontextmanager
async def in_process(service: CoreService, users: list[User]) -> AsyncIterator[list[Core]]:
    yield [service.as_user(user) for user in users]


@asynccontextmanager
async def over_sockets(service: CoreService, users: list[User]) -> AsyncIterator[list[Core]]:
    run_dir = service.settings.run_dir
    own, own_door = make_door(run_dir)
    front, front_door = make_door(run_dir)
    os.close(own_door)
    serving = asyncio.create_task(CoreServer(service).serve(own, front))
    client = FrontClient(front_door)
    cores: list[Core] = [CoreClient(await client.open_door(user.user_id)) for user in users]
    try:
        yield cores
    finally:
        for core in cores:
            await core.close()
        await client.close()
        serving.cancel()
        await asyncio.wait([serving])


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    import_image()


async def test_a_running_core_puts_an_account_out_that_is_removed(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "data")
    try:
        async with CoreService.start(settings) as service:
            users = [await service.store.add_user(name) for name in ("ada", "bob")]
            with socket.socket(socket.AF_UNIX) as own:
                own.bind(str(settings.core_socket))
                own.listen()
                serving = asyncio.create_task(CoreServer(service).serve(own.dup(), None))
                ada, bob = (service.as_user(user) for user in users)
                made = await ada.create_session("work")
                await opened(ada, made.session_id)
                terminal = await shell(await ada.attach(made.session_id))
                await ada.share_session(made.session_id, "bob", Access.WRITER)
                stream = await (await bob.attach(made.session_id)).attach(terminal)
                await remove_account(settings, "bob")
                with pytest.raises(AgentRefused):
                    await to_the_end(stream)
                assert await ada.shares(made.session_id) == []
                serving.cancel()
                await asyncio.wait([serving])
    finally:
        await asyncio.to_thread(remove_everything_of, settings)


@pytest.fixture(params=[in_process, over_sockets], ids=["LocalCore", "CoreClient"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Both]:
    settings = make_settings(tmp_path / "data", helper_image=BASE_IMAGE)
    try:
        async with CoreService.start(settings) as service:
            users = [await service.store.add_user(name) for name in ("ada", "bob")]
            async with request.param(service, users) as (ada, bob):
                yield Both(ada, bob)
    finally:
        await asyncio.to_thread(remove_everything_of, settings)


def remove_everything_of(settings: Settings) -> None:
    label = {"label": f"{LABEL_INSTANCE}={instance_id(settings.data_dir)}"}
    with contextlib.closing(raw_client()) as docker:
        for container in docker.containers(all=True, filters=label):
            docker.remove_container(container["Id"], force=True)
        for volume in docker.volumes(filters=label)["Volumes"] or []:
            docker.remove_volume(volume["Name"])


async def opened(core: Core, session_id: str, *, recreate: bool = False) -> list[OpenEvent]:
    async with asyncio.timeout(60):
        return [event async for event in core.open_session(session_id, recreate=recreate)]


async def run(connection: AgentConnection, command: str) -> bytes:
    """Everything that a fresh terminal shows while it runs `command`."""
    async with asyncio.timeout(20):
        terminal = await connection.open_terminal(
            TerminalSpec(
                argv=("/bin/bash", "-c", command), env={}, cwd="/workspace", rows=24, columns=80
            )
        )
        stream = await connection.attach(terminal)
        seen = stream.replay.data
        while piece := await stream.read():
            seen += piece
        stream.close()
        return seen


async def test_a_session_from_its_name_to_its_end(both: Both) -> None:
    core = both.ada
    made = await core.create_session("work")
    assert await core.list_sessions() == [made]
    with pytest.raises(OpenError) as early:
        await core.attach(made.session_id)
    assert early.value.retryable

    events = await opened(core, made.session_id)
    assert (events[-1].step, events[-1].state) == (OpenStep.READY, StepState.DONE)
    assert [event.elapsed for event in events] == sorted(event.elapsed for event in events)
    (running,) = await core.list_sessions()
    assert running.status is SessionStatus.RUNNING
    assert running.container_id
    assert running.last_used_at is not None

    shown = await run(await core.attach(made.session_id), "echo $((6*7))-$UID-$PWD; echo > kept")
    assert b"42-1000-/workspace" in shown

    renamed = await core.rename_session(made.session_id, "other")
    assert renamed.name == "other"
    assert renamed.recording is False
    assert (await core.set_recording(made.session_id, True)).recording is True
    assert (await core.list_sessions())[0].recording is True
    assert (await core.set_recording(made.session_id, None)).recording is False
    assert await core.session_log(made.session_id) is not None

    stopped = await core.stop_session(made.session_id)
    assert stopped.status is SessionStatus.STOPPED
    with pytest.raises(OpenError):
        await core.attach(made.session_id)

    await opened(core, made.session_id, recreate=True)
    assert b"kept" in await run(await core.attach(made.session_id), "ls")

    await core.delete_session(made.session_id)
    assert await core.list_sessions() == []
    with pytest.raises(NotFound):
        await core.delete_session(made.session_id)


async def test_two_who_open_at_once_share_one_flight(both: Both) -> None:
    made = await both.ada.create_session("work")
    first, second = await asyncio.gather(
        opened(both.ada, made.session_id), opened(both.ada, made.session_id)
    )
    assert first == second


async def test_whoever_leaves_early_finds_the_session_open(both: Both) -> None:
    made = await both.ada.create_session("work")
    async with aclosing(both.ada.open_session(made.session_id)) as events:  # type: ignore[type-var]
        await anext(events)
    assert (await opened(both.ada, made.session_id))[-1].step is OpenStep.READY


async def test_an_image_that_is_nowhere_fails_with_one_error(both: Both) -> None:
    made = await both.ada.create_session("work", "ghost")
    with pytest.raises(OpenError) as raised:
        await opened(both.ada, made.session_id)
    assert "absent" in raised.value.message + raised.value.hint
    (row,) = await both.ada.list_sessions()
    assert row.status is SessionStatus.STOPPED


async def test_a_cancelled_flight_ends_in_an_open_error_and_leaves_no_container(
    both: Both,
) -> None:
    made = await both.ada.create_session("work")

    async def cancel_when_it_begins() -> None:
        async with asyncio.timeout(60):
            async for _ in both.ada.open_session(made.session_id):
                await both.ada.cancel_open(made.session_id)

    with pytest.raises(OpenError):
        await cancel_when_it_begins()
    (row,) = await both.ada.list_sessions()
    assert (row.status, row.container_id) == (SessionStatus.STOPPED, None)


async def test_names_and_templates_are_checked(both: Both) -> None:
    core = both.ada
    made = await core.create_session("work")
    with pytest.raises(Conflict):
        await core.create_session("work")
    for wrong in ("", "a/b", "x" * 200):
        with pytest.raises(Invalid):
            await core.create_session(wrong)
        with pytest.raises(Invalid):
            await core.rename_session(made.session_id, wrong)
    with pytest.raises(Invalid):
        await core.create_session("other", "no-such-template")
    assert [template.name for template in await core.templates()] == ["base", "ghost"]
    assert (await core.whoami()).name == "ada"
    assert (await both.bob.create_session("work")).name == "work"


async def test_watching_tells_of_ones_own_changes_and_of_nobody_elses(both: Both) -> None:
    changes: list[tuple[SessionChange, str]] = []
    begun, over = asyncio.Event(), asyncio.Event()

    async def watch() -> None:
        async for notice in both.ada.watch():
            changes.append((notice.change, notice.session.name))
            begun.set()
            if notice.change is SessionChange.DELETED:
                over.set()
                return

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        first = await both.ada.create_session("first")
        while not begun.is_set():  # Until the watch has begun, whichever way it goes.
            first = await both.ada.rename_session(first.session_id, first.name + "x")
        await both.bob.create_session("bobs")
        made = await both.ada.create_session("made")
        renamed = await both.ada.rename_session(made.session_id, "renamed")
        await both.ada.delete_session(renamed.session_id)
        await over.wait()
        await watching
    told = {name for _, name in changes}
    assert (SessionChange.DELETED, "renamed") in changes
    assert "bobs" not in told


async def shell(connection: AgentConnection) -> int:
    return await connection.open_terminal(
        TerminalSpec(argv=("/bin/cat",), env={}, cwd="/workspace", rows=24, columns=80)
    )


async def to_the_end(stream: TerminalStream) -> None:
    async with asyncio.timeout(10):
        while await stream.read():
            pass


async def test_a_viewer_sees_and_is_put_out_and_a_writer_types(both: Both) -> None:
    made = await both.ada.create_session("work")
    await opened(both.ada, made.session_id)
    terminal = await shell(await both.ada.attach(made.session_id))
    await both.ada.share_session(made.session_id, "bob", Access.VIEWER)
    events = await opened(both.bob, made.session_id)
    assert events[-1].step is OpenStep.READY
    with pytest.raises(AgentRefused) as refused:
        await shell(await both.bob.attach(made.session_id))
    assert refused.value.number == ErrorCode.DENIED
    watching = await (await both.bob.attach(made.session_id)).attach(terminal)
    (info,) = (await (await both.ada.attach(made.session_id)).listing()).terminals
    assert [(v.who, v.role, v.read_only) for v in info.viewers] == [("bob", Role.VIEWER, True)]

    await both.ada.share_session(made.session_id, "bob", Access.WRITER)
    with pytest.raises(AgentRefused) as put_out:
        await to_the_end(watching)
    assert put_out.value.number == ErrorCode.DENIED
    typing = await (await both.bob.attach(made.session_id)).attach(terminal)
    typing.send(b"typed\n")
    seen = b""
    async with asyncio.timeout(10):
        while b"typed" not in seen:
            piece = await typing.read()
            assert piece
            seen += piece if isinstance(piece, bytes) else b""

    await both.ada.unshare_session(made.session_id, "bob")
    with pytest.raises(AgentRefused):
        await to_the_end(typing)
    with pytest.raises(NotFound):
        await both.bob.attach(made.session_id)
    assert await both.bob.list_sessions() == []


async def test_whose_access_ends_while_they_attach_never_stays_attached(both: Both) -> None:
    made = await both.ada.create_session("work")
    await opened(both.ada, made.session_id)
    for _ in range(20):
        await both.ada.share_session(made.session_id, "bob", Access.WRITER)
        came, _ = await asyncio.gather(
            both.bob.attach(made.session_id),
            both.ada.unshare_session(made.session_id, "bob"),
            return_exceptions=True,
        )
        if isinstance(came, AgentConnection):
            with pytest.raises(AgentError):
                await came.listing()
        else:
            assert isinstance(came, (NotFound, AgentError)), came


async def log_of(core: Core, session_id: str) -> None:
    await core.session_log(session_id)


async def open_of(core: Core, session_id: str) -> None:
    await opened(core, session_id)


async def recreate_of(core: Core, session_id: str) -> None:
    await opened(core, session_id, recreate=True)


FOREIGN: list[Callable[[Core, str], Awaitable[object]]] = [
    open_of,
    recreate_of,
    log_of,
    lambda core, session_id: core.attach(session_id),
    lambda core, session_id: core.stop_session(session_id),
    lambda core, session_id: core.cancel_open(session_id),
    lambda core, session_id: core.rename_session(session_id, "mine"),
    lambda core, session_id: core.set_recording(session_id, True),
    lambda core, session_id: core.delete_session(session_id),
]


async def test_a_running_session_of_somebody_else_does_not_exist(both: Both) -> None:
    made = await both.ada.create_session("work")
    await opened(both.ada, made.session_id)
    (before,) = await both.ada.list_sessions()
    for call in FOREIGN:
        with pytest.raises(NotFound) as foreign:
            await call(both.bob, made.session_id)
        with pytest.raises(NotFound) as missing:
            await call(both.bob, "nosuchsession")
        assert foreign.value.to_json() == missing.value.to_json()
    assert await both.ada.list_sessions() == [before]
    assert b"alive" in await run(await both.ada.attach(made.session_id), "echo alive")


async def test_fifty_attachments_at_once_each_get_their_own_connection(both: Both) -> None:
    made = await both.ada.create_session("work")
    await opened(both.ada, made.session_id)
    async with asyncio.timeout(30):
        connections = await asyncio.gather(*(both.ada.attach(made.session_id) for _ in range(50)))
        assert len({connection.hello.pid for connection in connections}) == 1
        first, *others = connections
        for connection in others:
            connection.close()
        sock = first.release()
    assert sock.family == socket.AF_UNIX
    sock.close()


async def test_a_container_removed_behind_our_back_is_not_running_any_more(both: Both) -> None:
    made = await both.ada.create_session("work")
    await opened(both.ada, made.session_id)
    (row,) = await both.ada.list_sessions()
    with contextlib.closing(raw_client()) as docker:
        await asyncio.to_thread(docker.remove_container, row.container_id, force=True)
    with pytest.raises(OpenError):
        await both.ada.attach(made.session_id)
    await opened(both.ada, made.session_id)
    (again,) = await both.ada.list_sessions()
    assert replace(again, container_id=row.container_id, last_used_at=row.last_used_at) == row
    assert b"alive" in await run(await both.ada.attach(made.session_id), "echo alive")


async def test_files_can_be_had_without_a_start_until_the_sharing_ends(both: Both) -> None:
    made = await both.ada.create_session("work")
    await both.ada.share_session(made.session_id, "bob", Access.WRITER)
    writing = await both.bob.attach_files(made.session_id)
    stream = await writing.execute(ExecSpec(("/bin/sh", "-c", "echo kept > it; cat it; cat")))
    assert await stream.read() == Out(b"kept\n")
    (row,) = await both.ada.list_sessions()
    assert row.status is SessionStatus.STOPPED
    await both.ada.unshare_session(made.session_id, "bob")
    with pytest.raises(AgentError):
        async with asyncio.timeout(10):
            await stream.read()
    stream.close()
    with pytest.raises(NotFound):
        await both.bob.attach_files(made.session_id)


async def test_a_writers_copy_of_a_session_is_the_writers_own(both: Both) -> None:
    made = await both.ada.create_session("work")
    await both.ada.share_session(made.session_id, "bob", Access.WRITER)
    async with asyncio.timeout(30):
        *_, last = [step async for step in both.bob.copy_session(made.session_id, "mine")]
    assert last.session is not None
    assert (last.session.name, last.session.access) == ("mine", Access.OWNER)
    assert last.session in await both.bob.list_sessions()
    assert [session.name for session in await both.ada.list_sessions()] == ["work"]
    await both.ada.delete_session(made.session_id)
    await opened(both.bob, last.session.session_id)
