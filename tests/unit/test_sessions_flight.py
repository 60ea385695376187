"""Watching an opening that belongs to nobody."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from vibetui.errors import OpenError, Remedy
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.sessions.flight import Flight, Flights


async def everything(flight: Flight) -> list[OpenEvent]:
    return [event async for event in flight.watch()]


async def test_a_late_watcher_is_told_the_whole_history_first() -> None:
    flights, go_on = Flights(), asyncio.Event()

    async def fly(flight: Flight) -> None:
        flight.report(OpenStep.LOOKUP, StepState.DONE)
        await go_on.wait()
        flight.report(OpenStep.READY, StepState.DONE)
        flight.land()

    flight = flights.join("s", fly)
    early = asyncio.create_task(everything(flight))
    async with aclosing(flight.watch()) as events:
        assert (await anext(events)).step is OpenStep.LOOKUP
    late = asyncio.create_task(everything(flights.join("s", fly)))
    go_on.set()
    assert await early == await late
    assert [event.step for event in await late] == [OpenStep.LOOKUP, OpenStep.READY]
    await flights.close()


async def test_a_flight_goes_on_when_its_asker_leaves() -> None:
    flights, go_on, arrived = Flights(), asyncio.Event(), asyncio.Event()

    async def fly(flight: Flight) -> None:
        flight.report(OpenStep.LOOKUP, StepState.RUNNING)
        await go_on.wait()
        flight.land()
        arrived.set()

    asker = asyncio.create_task(everything(flights.join("s", fly)))
    await asyncio.sleep(0)
    asker.cancel()
    await asyncio.wait([asker])
    go_on.set()
    async with asyncio.timeout(5):
        await arrived.wait()
    await flights.close()


async def test_every_watcher_gets_the_one_error_and_the_step_that_failed() -> None:
    flights = Flights()

    async def fly(flight: Flight) -> None:
        flight.report(OpenStep.CREATE, StepState.RUNNING)
        flight.land(OpenError("It broke.", "Mend it.", remedies=(Remedy.RECREATE,)))

    flight = flights.join("s", fly)
    for _ in range(2):
        seen: list[OpenEvent] = []

        async def look(into: list[OpenEvent]) -> None:
            async for event in flight.watch():
                into.append(event)

        with pytest.raises(OpenError, match="It broke") as caught:
            await look(seen)
        assert caught.value.remedies == (Remedy.RECREATE,)
        assert (seen[-1].step, seen[-1].state) == (OpenStep.CREATE, StepState.FAILED)
    await flights.close()


async def test_who_asks_after_the_landing_gets_a_new_flight() -> None:
    flights, may_end = Flights(), asyncio.Event()

    async def fly(flight: Flight) -> None:
        flight.land()
        await may_end.wait()

    first = flights.join("s", fly)
    await everything(first)
    second = flights.join("s", fly)
    assert second is not first
    may_end.set()
    await everything(second)
    await flights.close()


async def test_cancelling_tells_watchers_at_once_and_returns_when_all_is_undone() -> None:
    flights, undone, may_undo = Flights(), False, asyncio.Event()

    async def fly(flight: Flight) -> None:
        nonlocal undone
        try:
            await asyncio.Event().wait()
        finally:
            assert flight.given_up
            await may_undo.wait()
            undone = True

    flight = flights.join("s", fly)
    await asyncio.sleep(0)
    cancelling = asyncio.create_task(flights.cancel("s"))
    with pytest.raises(OpenError, match="cancelled"):
        await everything(flight)
    assert not cancelling.done()
    may_undo.set()
    await cancelling
    assert undone
    await flights.cancel("s")
    await flights.close()


async def test_closing_ends_all_flights_and_lets_no_new_one_begin() -> None:
    flights = Flights()

    async def fly(flight: Flight) -> None:
        await asyncio.Event().wait()

    flight = flights.join("s", fly)
    await asyncio.sleep(0)
    await flights.close()
    assert not flight.given_up
    for ended in (flight, flights.join("t", fly)):
        with pytest.raises(OpenError, match="stopping"):
            await everything(ended)


async def test_a_flight_that_crashes_still_lands() -> None:
    flights = Flights()

    async def fly(flight: Flight) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(OpenError, match="did not expect"):
        await everything(flights.join("s", fly))
    await flights.close()
