"""Progress and notices over the core's socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.core_support import House, serving_core
from vibetui.core import Core
from vibetui.core.watchers import Watchers
from vibetui.errors import CoreUnavailable, OpenError, Remedy
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.model import SessionChange, SessionNotice, SessionStatus


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving_core(tmp_path / "data") as serving:
        yield serving


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Let the loop turn until `condition` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nothing announces a subscription
            await asyncio.sleep(0)


async def all_of(core: Core, session_id: str) -> list[OpenEvent]:
    async with asyncio.timeout(10):
        return [event async for event in core.open_session(session_id)]


async def test_every_watcher_sees_the_same_flight_and_a_late_one_its_history_first(
    house: House,
) -> None:
    core = house.operator()
    session = await core.create_session("work")
    flight = house.manager.flight(session.session_id)
    flight.report(OpenStep.LOOKUP, StepState.RUNNING)
    early = asyncio.create_task(all_of(core, session.session_id))
    flight.report(OpenStep.LOOKUP, StepState.DONE)
    flight.report(OpenStep.IMAGE, StepState.RUNNING, fraction=0.5, detail="12 of 24 MB")
    late = core.open_session(session.session_id)
    async with aclosing(late) as events:
        first = [await anext(events) for _ in range(3)]
        flight.report(OpenStep.READY, StepState.DONE)
        flight.land()
        rest = [event async for event in events]
    assert first + rest == await early
    assert first[2].fraction == 0.5
    assert first[2].detail == "12 of 24 MB"


async def test_a_failed_flight_ends_in_one_open_error_with_its_ways_on(house: House) -> None:
    core = house.operator()
    session = await core.create_session("work")
    error = OpenError("It broke.", "Do this.", retryable=False, remedies=(Remedy.RECREATE,))
    house.manager.flight(session.session_id).land(error)
    with pytest.raises(OpenError) as raised:
        await all_of(core, session.session_id)
    assert raised.value.to_json() == error.to_json()


async def test_a_watcher_that_leaves_does_not_stop_the_flight(house: House) -> None:
    core = house.operator()
    session = await core.create_session("work")
    flight = house.manager.flight(session.session_id)
    flight.report(OpenStep.LOOKUP, StepState.RUNNING)
    async with aclosing(core.open_session(session.session_id)) as events:
        await anext(events)
    await core.close()
    flight.report(OpenStep.READY, StepState.DONE)
    flight.land()
    seen = await all_of(house.operator(), session.session_id)
    assert [event.step for event in seen] == [OpenStep.LOOKUP, OpenStep.READY]


async def test_a_watcher_hears_of_its_own_sessions_only(house: House) -> None:
    ada, bob = await house.service.store.add_user("ada"), await house.service.store.add_user("bob")
    adas, bobs = await house.as_user(ada), await house.as_user(bob)
    async with aclosing(adas.watch()) as notices, asyncio.timeout(10):
        coming = asyncio.ensure_future(anext(notices))
        await until(lambda: ada.user_id in house.service.watchers._boxes)
        await bobs.create_session("bobs")
        made = await adas.create_session("adas")
        assert await coming == SessionNotice(SessionChange.CREATED, made)
        renamed = await adas.rename_session(made.session_id, "other")
        assert await anext(notices) == SessionNotice(SessionChange.UPDATED, renamed)


async def test_a_client_that_vanishes_is_forgotten_at_the_next_sign_of_life(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibetui.core.server.streams.KEEP_ALIVE", 0.02)
    core = house.operator()
    user = await core.whoami()
    async with aclosing(core.watch()) as notices:
        waiting = asyncio.ensure_future(anext(notices))
        await until(lambda: user.user_id in house.service.watchers._boxes)
        waiting.cancel()
        await asyncio.wait([waiting])
    await until(lambda: not house.service.watchers._boxes)


async def test_a_stream_outlives_silence_by_signs_of_life(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibetui.core.server.streams.KEEP_ALIVE", 0.05)
    monkeypatch.setattr("vibetui.core.channel._SILENCE", 0.5)
    core = house.operator()
    session = await core.create_session("work")
    flight = house.manager.flight(session.session_id)
    landing = asyncio.get_running_loop().call_later(1.0, flight.land)
    assert await all_of(core, session.session_id) == []
    landing.cancel()


async def test_a_core_that_is_frozen_is_noticed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibetui.core.channel._SILENCE", 0.2)
    core = house.operator()
    session = await core.create_session("work")
    with pytest.raises(CoreUnavailable, match="does not answer"):
        await all_of(core, session.session_id)


async def test_when_the_core_stops_every_stream_ends_with_the_reason(house: House) -> None:
    core = house.operator()
    session = await core.create_session("work")
    house.manager.flight(session.session_id).report(OpenStep.LOOKUP, StepState.RUNNING)
    async with (
        aclosing(core.open_session(session.session_id)) as events,
        aclosing(core.watch()) as notices,
        asyncio.timeout(10),
    ):
        await anext(events)
        watching = asyncio.ensure_future(anext(notices))
        user = await core.whoami()
        await until(lambda: user.user_id in house.service.watchers._boxes)
        began = asyncio.get_running_loop().time()
        await house.stop()
        assert asyncio.get_running_loop().time() - began < 1
        with pytest.raises(CoreUnavailable, match="restarting"):
            await anext(events)
        with pytest.raises(CoreUnavailable, match="restarting"):
            await watching


async def test_a_slow_watcher_gets_the_last_state_of_each_session_in_order(house: House) -> None:
    core = house.service.as_user(await house.service.local_user())
    first, second = await core.create_session("first"), await core.create_session("second")
    watchers = Watchers()
    async with aclosing(watchers.watch(first.user_id)) as notices, asyncio.timeout(10):
        coming = asyncio.ensure_future(anext(notices))
        await until(lambda: bool(watchers._boxes))
        watchers.tell(first.user_id, SessionNotice(SessionChange.UPDATED, first))
        await coming
        running = SessionNotice(SessionChange.UPDATED, first)
        for change in (SessionChange.CREATED, SessionChange.UPDATED):
            watchers.tell(first.user_id, SessionNotice(change, second))
        watchers.tell(first.user_id, running)
        for _ in range(1000):
            watchers.tell(first.user_id, running)
        assert await anext(notices) == SessionNotice(SessionChange.CREATED, second)
        assert await anext(notices) == running
        watchers.tell(first.user_id, SessionNotice(SessionChange.DELETED, first))
        assert (await anext(notices)).change is SessionChange.DELETED
    assert not watchers._boxes
    assert first.status is SessionStatus.STOPPED
