"""Helper containers: workspaces without their sessions, and copies of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.conftest import BASE_IMAGE
from tests.session_support import MISSING_IMAGE, Place, a_place
from tests.sshd_support import eventually
from vibetui.agent import AgentConnection
from vibetui.agent.exec import Err, ExecSpec
from vibetui.errors import Conflict, EngineError, ImageUnavailable, NotFound
from vibetui.events import EventCode
from vibetui.model import LABEL_INSTANCE, CopyProgress, Session, volume_name
from vibetui.sessions import helpers

pytestmark = pytest.mark.docker

DEADLINE = 30


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(tmp_path / "data", helper_image=BASE_IMAGE) as place:
        yield place


async def said(agent: AgentConnection, script: str, user: tuple[int, int] | None = None) -> str:
    """What a script prints, which has to succeed."""
    async with asyncio.timeout(DEADLINE):
        stream = await agent.execute(ExecSpec(("/bin/sh", "-c", script), user=user))
        out = b""
        while (piece := await stream.read()) is not None:
            assert not isinstance(piece, Err), piece
            out += piece.data
        stream.close()
        assert stream.exit is not None
        assert stream.exit.code == 0
        return out.decode()


async def by_helper(
    place: Place, session: Session, script: str, user: tuple[int, int] | None = None
) -> str:
    return await said(await place.manager.attach_files(session.session_id), script, user)


async def copied(place: Place, session: Session, name: str) -> list[CopyProgress]:
    async with asyncio.timeout(DEADLINE):
        copying = place.manager.copy(session.session_id, session.user_id, name)
        return [progress async for progress in copying]


async def nothing_but(place: Place, *kept: Session) -> None:
    """Until only these sessions' workspaces are left, and no container."""
    wanted = {volume_name(session.user_id, session.session_id) for session in kept}
    ours = {"label": f"{LABEL_INSTANCE}={place.instance}"}

    def gone() -> bool:
        volumes = place.docker.volumes(filters=ours)["Volumes"] or ()
        left = place.docker.containers(all=True, filters=ours)
        return not left and {volume["Name"] for volume in volumes} == wanted

    await asyncio.to_thread(eventually, gone, "nothing is left", DEADLINE)
    assert {row.session_id for row in await place.store.all_sessions()} == {
        session.session_id for session in kept
    }


async def test_a_session_that_never_ran_has_its_files_served_and_finds_them(place: Place) -> None:
    session = await place.session()
    assert await by_helper(place, session, "pwd; id -u; echo hello > it") == "/workspace\n1000\n"
    await place.open(session)
    assert await said(await place.manager.attach(session.session_id), "cat it") == "hello\n"
    assert await by_helper(place, session, "cat it") == "hello\n"


async def test_all_who_want_a_sessions_files_share_one_helper_without_a_network(
    place: Place,
) -> None:
    session = await place.session()
    agents = await asyncio.gather(
        *(place.manager.attach_files(session.session_id) for _ in range(5))
    )
    assert len(await place.containers()) == 1
    assert await said(agents[0], "ls /sys/class/net") == "lo\n"
    for agent in agents:
        agent.close()


async def test_a_helper_goes_by_itself_when_nobody_is_connected_any_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helpers, "IDLE_MS", 300)
    session = await place.session()
    await by_helper(place, session, "true")
    await nothing_but(place, session)
    assert await by_helper(place, session, "echo again") == "again\n"


async def test_deleting_a_session_takes_its_helper_along(place: Place) -> None:
    session = await place.session()
    agent = await place.manager.attach_files(session.session_id)
    await place.manager.delete(session.session_id)
    await nothing_but(place)
    agent.close()
    with pytest.raises(NotFound):
        await place.manager.attach_files(session.session_id)


async def test_a_helper_that_starts_while_its_session_is_deleted_is_not_left(place: Place) -> None:
    session = await place.session()
    came, _ = await asyncio.gather(
        place.manager.attach_files(session.session_id),
        place.manager.delete(session.session_id),
        return_exceptions=True,
    )
    await nothing_but(place)
    if isinstance(came, AgentConnection):
        came.close()


async def test_files_and_copies_come_through_the_engine_where_it_is_elsewhere(
    tmp_path: Path,
) -> None:
    changes = {"helper_image": BASE_IMAGE, "agent_carrier": "relay"}
    async with a_place(tmp_path / "data", **changes) as place:
        session = await place.session()
        assert await by_helper(place, session, "echo there > it; cat it") == "there\n"
        *_, last = await copied(place, session, "copy")
        assert last.session is not None
        assert await by_helper(place, last.session, "cat it") == "there\n"


async def test_without_its_image_there_is_no_helper_and_one_sentence(tmp_path: Path) -> None:
    async with a_place(tmp_path / "data", helper_image=MISSING_IMAGE) as place:
        session = await place.session()
        with pytest.raises(ImageUnavailable):
            await place.manager.attach_files(session.session_id)
        with pytest.raises(ImageUnavailable):
            await copied(place, session, "copy")
        assert len(await place.store.all_sessions()) == 1


_FILL = """
cd /workspace
echo text > "a file"; chmod 640 "a file"; ln "a file" hard; ln -s "a file" soft
mkdir -m 700 deep; echo x > deep/.hidden; touch -d 2001-02-03 deep
truncate -s 100M sparse; echo end >> sparse; mkfifo pipe
install -o 0 -g 4 -m 4711 /bin/true roots
head -c 60000000 /dev/urandom > large
"""
_LIST = r"""
cd /workspace; find . ! -name . -printf '%P %y %l %m %U:%G %n %s %Td%TH%TM\n' | sort
find . -type f -exec sha1sum {} + | sort; stat -c %u:%g .; du -s --block-size=1M sparse
"""


async def test_a_copy_has_the_same_files_and_is_a_session_of_its_own(place: Place) -> None:
    session = await place.session()
    await by_helper(place, session, _FILL, (0, 0))
    *steps, last = await copied(place, session, "copy")
    copy = last.session
    assert copy is not None
    assert (copy.name, copy.template) == ("copy", session.template)
    assert steps == sorted(steps, key=lambda step: step.copied)
    assert 0 < steps[-1].copied <= steps[-1].total
    listed = await by_helper(place, copy, _LIST, (0, 0))
    assert "roots f  4711 0:4 1" in listed
    assert listed == await by_helper(place, session, _LIST, (0, 0))
    await by_helper(place, copy, "rm large")
    assert await by_helper(place, session, "ls large") == "large\n"
    trail = await place.store.audit_tail(10)
    assert (EventCode.SESSION_COPIED, session.session_id) in {
        (entry.code, entry.session_id) for entry in trail
    }
    await place.manager.delete(session.session_id)
    await place.open(copy)


async def test_a_copy_needs_a_name_that_is_free_and_room_among_the_sessions(
    place: Place,
) -> None:
    session = await place.session()
    with pytest.raises(Conflict, match=session.name):
        await copied(place, session, session.name)
    place.settings.max_sessions_per_user = 2
    ways = await asyncio.gather(
        *(copied(place, session, name) for name in ("one", "two")), return_exceptions=True
    )
    assert sorted(isinstance(way, Conflict) for way in ways) == [False, True]
    rows = {row.session_id: row for row in await place.store.all_sessions()}
    assert len(rows) == 2
    await nothing_but(place, *rows.values())


async def test_a_copy_that_is_given_up_leaves_nothing(place: Place) -> None:
    session = await place.session()
    await by_helper(place, session, "head -c 200000000 /dev/urandom > large")
    copying = place.manager.copy(session.session_id, session.user_id, "copy")
    async with asyncio.timeout(DEADLINE), aclosing(copying) as steps:
        async for step in steps:
            assert step.session is None
            break
    await place.manager.delete(session.session_id)
    await nothing_but(place)


async def test_a_session_can_be_deleted_while_it_is_copied_which_ends_the_copy(
    place: Place,
) -> None:
    session = await place.session()
    await by_helper(place, session, "head -c 200000000 /dev/urandom > large")
    copying = place.manager.copy(session.session_id, session.user_id, "copy")
    async with asyncio.timeout(DEADLINE), aclosing(copying) as steps:
        await anext(steps)
        await place.manager.delete(session.session_id)
        with pytest.raises(EngineError, match="cut off"):
            _ = [step async for step in steps]
    await nothing_but(place)


async def test_what_a_killed_core_was_copying_is_swept_up_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helpers, "IDLE_MS", 300)
    session = await place.session()
    await by_helper(place, session, "head -c 200000000 /dev/urandom > large")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.core_to_be_killed"),
        *(str(place.settings.data_dir), session.session_id, "copy"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE):
        assert (await process.stdout.readline()).startswith(b"copied ")
    process.kill()
    await process.wait()
    following = asyncio.create_task(place.manager.run())
    try:
        await nothing_but(place, session)
    finally:
        following.cancel()
        await asyncio.wait([following])
