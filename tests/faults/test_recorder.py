"""What the core records of real containers, and that it goes on where a killed core stopped."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.session_support import import_image, make_settings, raw_client
from vibetui.agent import TerminalSpec, TerminalStream
from vibetui.cli.replay import listing
from vibetui.core.local import LocalCore
from vibetui.core.service import CoreService
from vibetui.model import LABEL_INSTANCE, Session, SessionStatus
from vibetui.recording import Cast, is_incomplete
from vibetui.sessions.ownership import instance_id
from vibetui.settings import Settings

pytestmark = pytest.mark.docker


class Desk:
    """A core, a session of its local user, and the files."""

    def __init__(self, settings: Settings, core: LocalCore, session: Session) -> None:
        self.settings = settings
        self.core = core
        self.session = session
        self.directory = settings.recordings_dir / session.session_id

    def files(self) -> list[Path]:
        return sorted(self.directory.glob("*.cast"))

    def said(self, code: str = "o") -> str:
        return "".join(
            event.data
            for path in self.files()
            for event in Cast(path).events()
            if event.code == code
        )

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        async with asyncio.timeout(15):
            while not condition():  # noqa: ASYNC110 (a file has no event)
                await asyncio.sleep(0.02)
        assert condition(), what

    async def shows(self, status: SessionStatus) -> None:
        async with asyncio.timeout(15):
            while (await self.core.list_sessions())[0].status is not status:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def shell(self, script: str = "exec bash --norc", **spec: Any) -> TerminalStream:
        connection = await self.core.attach(self.session.session_id)
        made = TerminalSpec(argv=("/bin/bash", "-c", script), env={"PS1": "$ "}, **spec)
        return await connection.attach(await connection.open_terminal(made))

    async def open(self) -> None:
        async with asyncio.timeout(60):
            async for _ in self.core.open_session(self.session.session_id):
                pass


@asynccontextmanager
async def a_core(settings: Settings) -> AsyncIterator[LocalCore]:
    async with CoreService.start(settings) as service:
        yield service.as_user(await service.local_user())


@asynccontextmanager
async def a_desk(data_dir: Path, *, record: bool, **changes: Any) -> AsyncIterator[Desk]:
    settings = make_settings(data_dir, **changes)
    settings.templates["base"].record = record
    async with a_core(settings) as core:
        session = await core.create_session("work")
        desk = Desk(settings, core, session)
        await desk.open()
        yield desk


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path) -> Any:
    import_image()
    yield
    wanted = {"label": f"{LABEL_INSTANCE}={instance_id(tmp_path)}"}
    client = raw_client()
    for container in client.containers(all=True, filters=wanted):
        client.remove_container(container["Id"], force=True)
    for volume in client.volumes(filters=wanted)["Volumes"] or []:
        client.remove_volume(volume["Name"])
    client.close()


async def test_nothing_is_recorded_unless_somebody_says_so(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=False) as desk:
        stream = await desk.shell("echo hello")
        while await stream.read():
            pass
        assert desk.session.recording is False
        assert not desk.settings.recordings_dir.exists()


async def test_all_that_a_terminal_says_is_recorded_and_nothing_that_is_typed(
    tmp_path: Path,
) -> None:
    async with a_desk(tmp_path, record=True) as desk:
        assert desk.session.recording is True
        stream = await desk.shell("stty -echo; echo ready; read secret; printf 'é done\\n'")
        await desk.until(lambda: "ready" in desk.said(), "it is recorded")
        stream.resize(30, 100)
        await desk.until(lambda: desk.said("r") == "100x30", "so is the size")
        stream.send(b"hunter2\n")
        while await stream.read():
            pass
        await desk.until(lambda: "The program ended" in desk.said("m"), "its end is there")
        assert desk.said().replace("\r", "") == "ready\né done\n"
        assert desk.said("i") == ""
        assert "hunter2" not in desk.files()[0].read_text()
        assert desk.directory.stat().st_mode & 0o777 == 0o700
        (listed,) = await listing(desk.settings)
        assert (listed["session"], listed["path"]) == ("work", str(desk.files()[0]))
        assert listed["complete"] is True


async def test_what_is_typed_is_recorded_where_a_setting_says_so(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=True, recording_input=True) as desk:
        stream = await desk.shell("stty -echo; echo ready; read line; echo done")
        await desk.until(lambda: "ready" in desk.said(), "it is recorded")
        stream.send(b"typed\n")
        while await stream.read():
            pass
        await desk.until(lambda: "typed" in desk.said("i"), "what was typed is there")


async def test_what_was_said_before_it_was_turned_on_is_not_recorded(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=False) as desk:
        stream = await desk.shell("echo before; read x; echo during; read x; echo after; read x")
        while b"before" not in stream.replay.data and b"before" not in await _some(stream):
            pass
        await desk.core.set_recording(desk.session.session_id, True)
        await desk.until(lambda: bool(desk.files()), "it begins")
        stream.send(b"\n")
        await desk.until(lambda: "during" in desk.said(), "it is recorded")
        await desk.core.set_recording(desk.session.session_id, False)
        await desk.until(lambda: "turned off" in desk.said("m"), "it has ended")
        stream.send(b"\n")
        while b"after" not in await _some(stream):
            pass
        assert "before" not in desk.said()
        assert "after" not in desk.said()
        stream.close()


async def test_a_full_screen_program_is_in_the_recording_from_its_first_frame(
    tmp_path: Path,
) -> None:
    async with a_desk(tmp_path, record=False) as desk:
        script = (
            r"printf '\e[?1049h'; trap 'echo drawn' WINCH; echo up; while :; do sleep 0.05; done"
        )
        stream = await desk.shell(script)
        while b"up" not in stream.replay.data and b"up" not in await _some(stream):
            pass
        await desk.core.set_recording(desk.session.session_id, True)
        await desk.until(lambda: "drawn" in desk.said(), "it was made to draw")
        assert "\x1b[?1049h" in desk.said()
        stream.close()


async def _some(stream: TerminalStream) -> bytes:
    piece = await stream.read()
    return piece if isinstance(piece, bytes) else b""


async def test_cores_that_are_killed_leave_no_gap_and_no_double(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    settings.templates["base"].record = True
    count = "i=0; while [ $i -lt 900 ]; do echo line $i; i=$((i+1)); sleep 0.005; done; read x"
    async with a_core(settings) as core:
        desk = Desk(settings, core, await core.create_session("work"))
        await desk.open()
        (await desk.shell(count)).close()
        await desk.until(lambda: "line 50\r" in desk.said(), "it has begun")
    (path,) = desk.files()
    for line in (200, 350):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.core_to_be_killed", str(tmp_path))
        )
        await desk.until(lambda line=line: f"line {line}\r" in desk.said(), "it goes on")
        process.kill()
        await process.wait()
        # Such a core has vouched for less than it may have written.
        with path.open("ab") as file:
            file.write(b'[9.0, "o", "line 51\\r\\nline')
    async with a_core(settings):
        await desk.until(lambda: "line 899\r" in desk.said(), "it has gone on")
        assert desk.files() == [path]
        lines = desk.said().replace("\r", "").splitlines()
        assert lines == [f"line {number}" for number in range(900)]


async def test_a_container_that_starts_anew_has_files_of_its_own(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=True) as desk:
        (await desk.shell("echo first; read x")).close()
        await desk.until(lambda: "first" in desk.said(), "it is recorded")
        await desk.core.stop_session(desk.session.session_id)
        await desk.until(lambda: not any(map(is_incomplete, desk.files())), "it has ended")
        await desk.open()
        (await desk.shell("echo second; read x")).close()
        await desk.until(lambda: "second" in desk.said(), "it is recorded")
        assert len(desk.files()) == 2


async def test_a_container_that_was_paused_is_recorded_on_in_the_same_file(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=True) as desk:
        stream = await desk.shell("echo first; read x; echo second; read x")
        await desk.until(lambda: "first" in desk.said(), "it is recorded")
        client, (session,) = raw_client(), await desk.core.list_sessions()
        client.pause(session.container_id)
        await desk.shows(SessionStatus.STOPPED)
        client.unpause(session.container_id)
        client.close()
        await desk.shows(SessionStatus.RUNNING)
        stream.send(b"\n")
        await desk.until(lambda: "second" in desk.said(), "it goes on")
        assert len(desk.files()) == 1
        assert desk.said().count("first") == 1
        stream.close()


async def test_two_cores_do_not_write_one_recording(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=True) as desk:
        stream = await desk.shell("echo first; read x; echo second; read x")
        await desk.until(lambda: "first" in desk.said(), "it is recorded")
        async with a_core(desk.settings):
            stream.send(b"\n")
            await desk.until(lambda: "second" in desk.said(), "it is recorded")
            assert len(desk.files()) == 1
            assert desk.said().count("first") == desk.said().count("second") == 1
        stream.close()


async def test_a_full_file_ends_and_the_session_says_so(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=True, recording_max_mib=0.05) as desk:
        stream = await desk.shell("i=0; while [ $i -lt 9000 ]; do echo line $i; i=$((i+1)); done")
        while await stream.read():
            pass
        await desk.until(lambda: "full" in desk.said("m"), "it has ended")
        assert desk.files()[0].stat().st_size <= 0.05 * (1 << 20)
        async with asyncio.timeout(10):
            while not (await desk.core.list_sessions())[0].recording_full:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_what_cannot_be_written_is_said_too(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=False) as desk:
        desk.settings.recordings_dir.write_text("in the way")
        await desk.core.set_recording(desk.session.session_id, True)
        async with asyncio.timeout(10):
            while not (await desk.core.list_sessions())[0].recording_full:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await desk.core.set_recording(desk.session.session_id, False)
        desk.settings.recordings_dir.unlink()
        (await desk.shell("echo hello; read x")).close()
        await desk.core.set_recording(desk.session.session_id, True)
        await desk.until(lambda: bool(desk.files()), "it is recorded")
        assert not (await desk.core.list_sessions())[0].recording_full


async def test_a_flood_does_not_eat_the_file_and_what_comes_after_is_recorded(
    tmp_path: Path,
) -> None:
    async with a_desk(tmp_path, record=True) as desk:
        script = (
            "x=$(printf %0100000d 0); while [ $SECONDS -lt 2 ]; do echo $x; done;"
            "echo the end; read x"
        )
        stream = await desk.shell(script)
        while await stream.read():
            if "left out" in desk.said("m"):
                break
        stream.close()
        await desk.until(lambda: "the end" in desk.said(), "it is recorded again")
        assert sum(path.stat().st_size for path in desk.files()) < 12 << 20


async def test_deleting_a_session_deletes_its_recordings(tmp_path: Path) -> None:
    async with a_desk(tmp_path, record=True) as desk:
        (await desk.shell("echo hello; read x")).close()
        await desk.until(lambda: "hello" in desk.said(), "it is recorded")
        await desk.core.delete_session(desk.session.session_id)
        assert not desk.directory.exists()
