"""A session whose image has to be fetched first, from a registry of our own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import docker
import pytest

from tests.registry_support import Registry, a_registry
from tests.session_support import Place, a_place
from vibetui.errors import OpenError
from vibetui.events import OpenEvent, OpenStep, StepState
from vibetui.settings import TemplateSettings

ROOT_ALONE = 0.3
"""The root is 5 of 13 MB. Docker tells of the padding's first half late, or with the second."""

pytestmark = pytest.mark.docker


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with a_registry() as registry:
        yield registry


@pytest.fixture
async def place(tmp_path: Path, registry: Registry) -> AsyncIterator[Place]:
    async with a_place(tmp_path / "data") as place:
        place.settings.templates["far"] = TemplateSettings(image=registry.image, memory_mib=128)
        try:
            yield place
        finally:
            await place.close_containers()
            with contextlib.suppress(docker.errors.ImageNotFound):
                await asyncio.to_thread(place.docker.remove_image, registry.image, force=True)


async def test_a_pull_shows_how_far_it_truly_is_and_ends_in_a_prompt(
    place: Place, registry: Registry
) -> None:
    session = await place.session("far")
    fractions: list[float] = []
    seen: list[OpenEvent] = []
    async with asyncio.timeout(60):
        async for event in place.manager.open(session.session_id):
            seen.append(event)
            if event.fraction is not None:
                assert event.step is OpenStep.IMAGE
                fractions.append(event.fraction)
                if event.fraction > ROOT_ALONE:
                    registry.go_on.set()
    assert fractions == sorted(fractions)
    assert any(ROOT_ALONE < fraction < 0.9 for fraction in fractions), "it stood still there"
    assert fractions[-1] == 1
    assert len(seen) < 150, "a late watcher is sent all of it"
    done = [event.step for event in seen if event.state is StepState.DONE]
    assert done == [*OpenStep]
    assert any("MB" in event.detail for event in seen)
    await place.works(session)


async def test_a_pull_can_be_cancelled_and_done_again(place: Place, registry: Registry) -> None:
    session = await place.session("far")

    async def cancel_half_way() -> None:
        async for event in place.manager.open(session.session_id):
            if event.fraction is not None:
                await place.manager.cancel(session.session_id)

    async with asyncio.timeout(20):
        with pytest.raises(OpenError, match="cancelled"):
            await cancel_half_way()
    assert await place.containers() == []
    registry.go_on.set()
    await place.open(session)
    await place.works(session)


async def test_a_pull_that_stands_still_fails_in_time(place: Place) -> None:
    place.engine._pull_stall = 1.0  # What `pull_stall_timeout` sets.
    session = await place.session("far")
    async with asyncio.timeout(30):
        with pytest.raises(OpenError) as caught:
            async for _ in place.manager.open(session.session_id):
                pass
    assert "image" in caught.value.message
    assert "nothing more of it came for 1 seconds" in caught.value.hint
    assert caught.value.retryable
