"""What every engine must do, shown on a real daemon."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.session_support import IMAGE, MISSING_IMAGE, import_image, raw_client
from vibetui.engines import CONNECTED, BindMount, ContainerSpec, DockerEngine
from vibetui.engines.docker.url import resolve_url
from vibetui.errors import (
    Conflict,
    EngineError,
    EngineUnavailable,
    ImageUnavailable,
    NotFound,
)
from vibetui.model import new_id

pytestmark = pytest.mark.docker

SLEEP = ("/usr/bin/sleep", "1000")


class Bench:
    """An engine, and containers of this test alone."""

    def __init__(self) -> None:
        self.engine = DockerEngine(None, timeout=30, pull_stall=10)
        self.run = new_id()
        self.labels = {"vibetui.test": self.run}
        self.volumes: list[str] = []

    def spec(self, *command: str) -> ContainerSpec:
        name = f"vibetui-test-{new_id()}"
        self.volumes.append(name)
        return ContainerSpec(
            name=name,
            image=IMAGE,
            command=command or SLEEP,
            labels=self.labels,
            volume=name,
            hostname="tests",
            memory_bytes=64 << 20,
            cpus=0.5,
            pids=32,
        )

    async def running(self, *command: str) -> str:
        container_id = await self.engine.create_container(self.spec(*command))
        await self.engine.start_container(container_id)
        return container_id

    async def close(self) -> None:
        for state in await self.engine.find(self.labels):
            await self.engine.remove_container(state.container_id)
        for volume in self.volumes:
            await self.engine.remove_volume(volume)
        await self.engine.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    await asyncio.to_thread(import_image)
    bench = Bench()
    try:
        yield bench
    finally:
        await bench.close()


async def test_a_container_gets_its_limits_and_no_more_rights_than_needed(
    bench: Bench, tmp_path: Path
) -> None:
    binds = (BindMount(tmp_path, "/run/vibetui", read_only=True),)
    spec = replace(bench.spec(), binds=binds, environment={"COLOUR": "red"})
    container_id = await bench.engine.create_container(spec)
    with contextlib.closing(raw_client()) as client:
        made = client.inspect_container(container_id)
    host, config = made["HostConfig"], made["Config"]
    assert host["Memory"] == host["MemorySwap"] == 64 << 20
    assert host["NanoCpus"] == 500_000_000
    assert host["PidsLimit"] == 32
    assert host["CapDrop"] == ["ALL"]
    assert "SYS_ADMIN" not in host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert not host["Privileged"]
    assert config["WorkingDir"] == "/workspace"
    assert config["Hostname"] == "tests"
    assert not config["Tty"]
    assert "COLOUR=red" in config["Env"]
    mounts = {mount["Destination"]: mount for mount in made["Mounts"]}
    assert mounts["/workspace"]["Name"] == spec.volume
    assert mounts["/run/vibetui"]["RW"] is False


async def test_creating_twice_under_one_name_is_a_conflict(bench: Bench) -> None:
    spec = bench.spec()
    container_id = await bench.engine.create_container(spec)
    with pytest.raises(Conflict):
        await bench.engine.create_container(spec)
    found = await bench.engine.inspect(spec.name)
    assert found is not None
    assert (found.container_id, found.status, found.running) == (container_id, "created", False)


async def test_a_container_of_an_absent_image_is_refused_as_such(bench: Bench) -> None:
    assert not await bench.engine.image_present(MISSING_IMAGE)
    assert await bench.engine.image_present(IMAGE)
    with pytest.raises(ImageUnavailable):
        await bench.engine.create_container(replace(bench.spec(), image=MISSING_IMAGE))


async def test_an_image_that_nobody_has_ends_the_pull_with_a_clear_error(bench: Bench) -> None:
    async def pull() -> None:
        async with asyncio.timeout(30), aclosing(bench.engine.pull_image(MISSING_IMAGE)) as lines:
            async for _ in lines:
                pass

    with pytest.raises(ImageUnavailable) as caught:
        await pull()
    assert MISSING_IMAGE in caught.value.message
    assert caught.value.hint


async def test_starting_is_idempotent_and_resumes_what_is_paused(bench: Bench) -> None:
    container_id = await bench.running()
    await bench.engine.start_container(container_id)
    with contextlib.closing(raw_client()) as client:
        await asyncio.to_thread(client.pause, container_id)
    paused = await bench.engine.inspect(container_id)
    assert paused is not None
    assert not paused.running
    await bench.engine.start_container(container_id)
    async with asyncio.timeout(10):
        # dockerd hears of the pause from containerd once more, perhaps after it has ended.
        while (state := await bench.engine.inspect(container_id)) is None or not state.running:
            pass


async def test_a_paused_container_can_be_stopped(bench: Bench) -> None:
    container_id = await bench.running()
    with contextlib.closing(raw_client()) as client:
        await asyncio.to_thread(client.pause, container_id)
    await bench.engine.stop_container(container_id, 1)
    state = await bench.engine.inspect(container_id)
    assert state is not None
    assert state.status == "exited"


async def test_a_command_that_does_not_exist_fails_the_start_in_the_engines_words(
    bench: Bench,
) -> None:
    container_id = await bench.engine.create_container(bench.spec("/no/such/thing"))
    with pytest.raises(EngineError, match="/no/such/thing"):
        await bench.engine.start_container(container_id)
    state = await bench.engine.inspect(container_id)
    assert state is not None
    assert state.error


async def test_stopping_and_removing_what_is_stopped_or_gone_is_no_error(bench: Bench) -> None:
    container_id = await bench.running()
    for _ in range(2):
        await bench.engine.stop_container(container_id, 0)
    await asyncio.gather(*(bench.engine.remove_container(container_id) for _ in range(4)))
    assert await bench.engine.inspect(container_id) is None
    await bench.engine.remove_container(container_id)
    await bench.engine.stop_container(container_id, 0)
    await bench.engine.remove_volume(f"vibetui-test-{new_id()}")
    with pytest.raises(NotFound):
        await bench.engine.start_container(container_id)


async def test_nothing_that_is_no_reference_reaches_the_engine(bench: Bench) -> None:
    for text in ("", "../images", "a b", "x/../../json", "\n"):
        assert await bench.engine.inspect(text) is None


async def test_an_exit_is_known_at_once_with_its_status_and_last_lines(bench: Bench) -> None:
    container_id = await bench.running("/bin/sh", "-c", "echo one; echo two; exit 3")
    async with asyncio.timeout(5):
        assert await bench.engine.wait_exit(container_id) == 3
        assert await bench.engine.wait_exit(container_id) == 3
    assert await bench.engine.logs(container_id, 1) == "two\n"
    state = await bench.engine.inspect(container_id)
    assert state is not None
    assert state.exit_code == 3
    await bench.engine.remove_container(container_id)
    assert await bench.engine.wait_exit(container_id) == -1
    assert await bench.engine.logs(container_id, 1) == ""


async def test_a_wait_can_be_given_up_and_ends_when_the_container_is_removed(bench: Bench) -> None:
    container_id = await bench.running()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await bench.engine.wait_exit(container_id)
    waiting = asyncio.create_task(bench.engine.wait_exit(container_id))
    await bench.engine.remove_container(container_id)
    async with asyncio.timeout(5):
        await waiting


async def test_containers_are_found_by_all_of_their_labels(bench: Bench) -> None:
    both = replace(bench.spec(), labels={**bench.labels, "vibetui.test.second": "yes"})
    one = await bench.engine.create_container(bench.spec())
    two = await bench.engine.create_container(both)
    found = await bench.engine.find(bench.labels)
    assert {state.container_id for state in found} == {one, two}
    assert [state.container_id for state in await bench.engine.find(both.labels)] == [two]


async def test_events_tell_of_a_whole_life_after_saying_connected(bench: Bench) -> None:
    seen = []
    async with asyncio.timeout(20), aclosing(bench.engine.events()) as events:
        async for event in events:
            if event.action == CONNECTED:
                container_id = await bench.running("/usr/bin/true")
                await bench.engine.wait_exit(container_id)
                await bench.engine.remove_container(container_id)
            elif event.labels.get("vibetui.test") == bench.run:
                assert event.container_id == container_id
                seen.append(event.action)
                if event.action == "destroy":
                    break
    assert seen == ["create", "start", "die", "destroy"]


async def test_an_engine_that_is_away_says_so_and_is_used_again_once_it_is_back(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "engine.sock"
    engine = DockerEngine(f"unix://{socket}", timeout=10)
    try:
        for call in (engine.ping(), engine.find({}), engine.wait_exit("x")):
            with pytest.raises(EngineUnavailable) as caught:
                await call
            assert str(socket) in caught.value.message
            assert caught.value.hint
        with pytest.raises(EngineUnavailable):
            async with aclosing(engine.events()) as events:
                await anext(events)
        socket.symlink_to(resolve_url(None).removeprefix("unix://"))
        assert await engine.ping()
    finally:
        await engine.close()


async def test_the_loop_runs_on_while_the_engine_is_slow(bench: Bench) -> None:
    container_id = await bench.running("/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    stopping = asyncio.create_task(bench.engine.stop_container(container_id, 1))
    longest, last = 0.0, time.perf_counter()
    while not stopping.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await stopping
    assert longest < 0.25
