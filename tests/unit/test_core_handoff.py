"""Descriptors from another process: the right one arrives, and none is ever left over."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.core_support import AgentStandIn, House, serving_core
from vibetui.core.handoff import SWITCHING, receive_descriptor
from vibetui.errors import Conflict, OpenError, VibeError


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving_core(tmp_path / "data") as serving:
        yield serving


def descriptors() -> set[tuple[str, str]]:
    """What this process has open but for the database, whose pool grows and shrinks as it likes."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 - Path would open one more.
        try:
            target = os.readlink(f"/proc/self/fd/{entry}")  # noqa: PTH115
        except FileNotFoundError:
            continue
        if "/vibetui.db" not in target:
            found.add((entry, target))
    return found


async def quiet(before: set[tuple[str, str]]) -> None:
    """Until no more is open than before: the other end's transports close a turn later."""
    gc.collect()
    async with asyncio.timeout(5):
        while descriptors() - before:  # noqa: ASYNC110 - nothing announces a close
            await asyncio.sleep(0)


async def test_attach_gives_a_connection_that_the_agent_has_greeted_in_this_process(
    house: House,
) -> None:
    core = house.operator()
    session = await core.create_session("work")
    async with AgentStandIn(house.settings.run_dir, session.session_id) as agent:
        connection = await core.attach(session.session_id)
        assert connection.hello.agent_version == "stand-in"
        assert agent.greeted == 2  # To the core, and to us.
        sock = connection.release()
        assert not os.get_inheritable(sock.fileno())
        sock.close()


async def test_attaching_to_what_does_not_run_says_so_and_leaves_nothing_open(
    house: House,
) -> None:
    core = house.operator()
    session = await core.create_session("work")
    await core.list_sessions()
    before = descriptors()
    for _ in range(20):
        with pytest.raises(OpenError) as raised:
            await core.attach(session.session_id)
        assert raised.value.retryable
    await quiet(before)


async def test_a_hundred_attachments_leave_nothing_open_on_either_side(house: House) -> None:
    core = house.operator()
    session = await core.create_session("work")
    async with AgentStandIn(house.settings.run_dir, session.session_id):
        (await core.attach(session.session_id)).close()
        before = descriptors()
        for _ in range(5):
            held = await asyncio.gather(*(core.attach(session.session_id) for _ in range(20)))
            for connection in held:
                connection.close()
        await quiet(before)


@asynccontextmanager
async def answering(path: Path, answer: Callable[[socket.socket], None]) -> AsyncIterator[str]:
    """A core that breaks the rules: reads a request, then does what `answer` does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                accepted.recv(65536)
                answer(accepted)
                accepted.settimeout(10)
                while accepted.recv(65536):
                    pass

        serving = asyncio.ensure_future(asyncio.to_thread(serve))
        yield str(path)
        await serving


def end(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_WR)


def send(data: bytes, *files: int) -> Callable[[socket.socket], None]:
    def answer(sock: socket.socket) -> None:
        socket.send_fds(sock, [data], list(files)) if files else sock.sendall(data)
        end(sock)

    return answer


CONFLICT = b'{"code": "conflict", "message": "Taken.", "hint": ""}'
REFUSAL = b"HTTP/1.1 409 Conflict\r\nContent-Length: %d\r\n\r\n%s" % (len(CONFLICT), CONFLICT)

BROKEN: dict[str, tuple[Callable[[socket.socket], None], type[Exception]]] = {
    "two descriptors": (send(SWITCHING, 0, 0), ConnectionError),
    "more than fit": (send(SWITCHING, *[0] * 40), ConnectionError),
    "none": (send(SWITCHING), ConnectionError),
    "an error and a descriptor": (send(REFUSAL, 0), Conflict),
    "an error in no known form": (send(b"HTTP/1.1 500 Oh\r\n\r\n", 0), VibeError),
    "no answer": (end, ConnectionError),
    "half an answer and a descriptor": (send(b"HTTP/1.1 101", 0), ConnectionError),
    "not HTTP": (send(b"220 smtp ready\r\n\r\n", 0), ConnectionError),
    "no end": (send(b"x" * 600_000), ConnectionError),
    "silence": (lambda _: None, TimeoutError),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_whatever_the_other_side_does_no_descriptor_is_left_over(
    tmp_path: Path, how: str
) -> None:
    answer, error = BROKEN[how]
    path = tmp_path / "core.sock"
    await asyncio.to_thread(lambda: None)  # The thread pool's own descriptors are there now.
    before = descriptors()
    async with answering(path, answer) as address:
        with pytest.raises(error):
            await receive_descriptor(address, "/", deadline=0.3 if how == "silence" else 10)
    await quiet(before)


async def test_one_that_is_cancelled_while_waiting_leaves_nothing_open(tmp_path: Path) -> None:
    await asyncio.to_thread(lambda: None)
    before = descriptors()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def note(_: socket.socket) -> None:
        loop.call_soon_threadsafe(asked.set)

    async with answering(tmp_path / "core.sock", note) as address:
        waiting = asyncio.create_task(receive_descriptor(address, "/", deadline=10))
        await asyncio.wait_for(asked.wait(), 10)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
    await quiet(before)


async def test_a_descriptor_that_comes_byte_by_byte_is_taken_whole(tmp_path: Path) -> None:
    def drip(sock: socket.socket) -> None:
        read_end, write_end = os.pipe()
        socket.send_fds(sock, [SWITCHING[:1]], [read_end])
        for byte in SWITCHING[1:]:
            sock.sendall(bytes([byte]))
        os.write(write_end, b"through")
        os.close(read_end)
        os.close(write_end)

    async with answering(tmp_path / "core.sock", drip) as address:
        descriptor = await receive_descriptor(address, "/", deadline=10)
        assert os.read(descriptor, 10) == b"through"
        assert not os.get_inheritable(descriptor)
        os.close(descriptor)
