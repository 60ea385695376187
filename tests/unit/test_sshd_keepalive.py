"""When a client is given up: what counts is silence after questions, not the clock."""

from __future__ import annotations

import asyncio
import socket
import time

from sshd.keepalive import Patience, Vigil, leave_it_to_the_vigil

_SHORT = Patience(interval=0.05, questions=3)


def test_two_minutes_with_the_settings_as_they_come() -> None:
    assert Patience(30, 3).limit == 120


async def test_whoever_is_heard_in_time_is_never_given_up() -> None:
    given_up = asyncio.Event()
    vigil = Vigil(_SHORT, given_up.set)
    heard = 0
    end = time.monotonic() + 3 * _SHORT.limit
    while time.monotonic() < end:
        # Between two questions and the limit: a sign of life that isn't an answer counts too.
        await asyncio.sleep(_SHORT.interval * 2)
        vigil.heard()
        heard += 1
    vigil.close()
    assert heard > 1
    assert not given_up.is_set()


async def test_silence_ends_it_after_the_limit_and_only_once() -> None:
    times: list[float] = []
    given_up = asyncio.Event()

    def give_up() -> None:
        times.append(asyncio.get_running_loop().time())
        given_up.set()

    began = asyncio.get_running_loop().time()
    Vigil(_SHORT, give_up)
    async with asyncio.timeout(5):
        await given_up.wait()
    assert times[0] - began >= _SHORT.limit - 0.01
    await asyncio.sleep(_SHORT.limit)
    assert len(times) == 1


async def test_a_front_that_was_held_up_itself_asks_again_first() -> None:
    given_up = asyncio.Event()
    vigil = Vigil(_SHORT, given_up.set)
    time.sleep(_SHORT.limit * 2)  # noqa: ASYNC251 (the loop is to be held up)
    await asyncio.sleep(_SHORT.interval)
    assert not given_up.is_set()
    vigil.close()


def test_the_kernel_gives_nobody_up_before_we_do() -> None:
    with socket.socket() as sock:
        leave_it_to_the_vigil(sock, Patience(30, 3))
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 120_000
