"""Presence and taking over, by the core in this process and by the one over a socket."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.core_support import House, serving_core
from vibetui.core import Core
from vibetui.model import Presence, PresenceNotice, User
from vibetui.ui.presence import Attendance
from vibetui.ui.streams import closing
from vibetui.ui.world import World

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
DESK = Presence("desk", "192.0.2.7", NOON)
TRAIN = Presence("train", "203.0.113.9", NOON + timedelta(hours=1), "session1")


@dataclass
class Here:
    """An app that is present until `leave`, and what it hears."""

    core: Core
    presence: Presence
    stays_when_asked: bool = False
    heard: list[PresenceNotice] = field(default_factory=list)
    task: asyncio.Task[None] = field(init=False)

    async def come(self) -> Here:
        self.task = asyncio.create_task(self._stay())
        await soon(lambda: bool(self.heard))
        return self

    async def _stay(self) -> None:
        async with closing(self.core.be_present(self.presence)) as notices:
            async for notice in notices:
                self.heard.append(notice)
                if notice.taken_by is not None and not self.stays_when_asked:
                    return

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])

    @property
    def others(self) -> tuple[Presence, ...]:
        return self.heard[-1].others


async def soon(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 (the stream is what is tested)
            await asyncio.sleep(0.002)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving_core(tmp_path / "data") as house:
        yield house


CoreOf = Callable[[User], Awaitable[Core]]


@pytest.fixture(params=["LocalCore", "CoreClient"])
def core_of(request: pytest.FixtureRequest, house: House) -> CoreOf:
    async def core_of(user: User) -> Core:
        if request.param == "LocalCore":
            return house.service.as_user(user)
        return await house.as_user(user)

    return core_of


async def test_each_hears_who_else_is_there_and_of_nobody_elses(
    house: House, core_of: CoreOf
) -> None:
    ada, bob = [await house.service.store.add_user(name) for name in ("ada", "bob")]
    desk = await Here(await core_of(ada), DESK).come()
    stranger = await Here(await core_of(bob), replace(DESK, presence_id="bobs")).come()
    train = await Here(await core_of(ada), TRAIN).come()
    assert train.heard == [PresenceNotice((DESK,))]
    await soon(lambda: desk.others == (TRAIN,))
    await train.core.move_presence("train", "session2", 3)
    await soon(lambda: desk.others == (replace(TRAIN, session_id="session2", terminal=3),))
    await train.core.move_presence("train", None)
    await soon(lambda: desk.others == (replace(TRAIN, session_id=None),))
    await train.leave()
    await soon(lambda: desk.others == ())
    assert stranger.heard == [PresenceNotice(())]
    await desk.leave()
    await stranger.leave()


async def test_the_one_taken_over_is_told_by_whom_and_the_taker_waits_for_it(
    house: House, core_of: CoreOf
) -> None:
    ada = await house.service.store.add_user("ada")
    desk = await Here(await core_of(ada), DESK).come()
    train = await Here(await core_of(ada), TRAIN).come()
    began = time.monotonic()
    await train.core.take_over("desk", TRAIN.address)
    assert time.monotonic() - began < 1
    assert desk.heard[-1] == PresenceNotice((), "203.0.113.9")
    await soon(lambda: desk.task.done())
    assert train.others == ()
    # Whoever has gone already is no matter, and somebody else's is not there.
    await train.core.take_over("desk", TRAIN.address)
    bob = await core_of(await house.service.store.add_user("bob"))
    await bob.take_over("train", "198.51.100.1")
    await train.core.move_presence("train", "session2")
    assert not train.task.done()
    assert train.heard[-1].taken_by is None
    await train.leave()


async def test_one_that_does_not_react_is_waited_for_two_seconds(house: House) -> None:
    core = house.service.as_user(await house.service.store.add_user("ada"))
    desk = await Here(core, DESK, stays_when_asked=True).come()
    train = await Here(core, TRAIN).come()
    began = time.monotonic()
    await core.take_over("desk", "")
    assert 1.9 < time.monotonic() - began < 4
    assert train.others == ()
    for here in (desk, train):
        await here.leave()


async def test_an_app_is_here_again_after_a_restart_of_the_core(house: House) -> None:
    ada = await house.service.store.add_user("ada")
    known: list[tuple[Presence, ...]] = []
    app = Attendance(
        await house.as_user(ada),
        "192.0.2.7",
        World(),
        changed=lambda: known.append(app.others),
        taken=lambda by: pytest.fail(by),
    )
    running = [asyncio.create_task(work) for work in (app.run(), app.follow_moves())]
    await soon(lambda: known == [()])
    app.moved("session1", 2)
    train = await Here(await house.as_user(ada), TRAIN).come()
    await soon(lambda: train.others[0].session_id == "session1")
    before = train.others
    await train.leave()
    await house.stop()
    house.serve()
    again = await Here(await house.as_user(ada), TRAIN).come()
    await soon(lambda: again.others == before)
    await again.leave()
    for task in running:
        task.cancel()
    await asyncio.wait(running)


_PRESENT = """
import asyncio, pathlib, sys
from vibetui.core.client import CoreClient
from tests.conformance.test_presence import DESK

async def main():
    async for notice in CoreClient(pathlib.Path(sys.argv[1])).be_present(DESK):
        print("heard", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("stopped", [False, True], ids=["deaf", "stopped"])
async def test_a_process_that_does_not_react_is_hung_up(house: House, stopped: bool) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PRESENT, house.settings.core_socket, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"heard\n"
        train = await Here(house.operator(), TRAIN).come()
        assert train.others == (DESK,)
        if stopped:
            process.send_signal(signal.SIGSTOP)
        await train.core.take_over("desk", "")
        assert await process.wait() == -signal.SIGHUP
    await train.leave()


async def test_a_killed_process_is_gone_at_once(house: House) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PRESENT, house.settings.core_socket, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"heard\n"
        train = await Here(house.operator(), TRAIN).come()
        process.kill()
        # The server's own sign of life comes every ten seconds only.
        await soon(lambda: train.others == ())
        await process.wait()
    await train.leave()
