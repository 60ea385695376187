"""The race that this product exists for: a prompt or a way on, whatever happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.session_support import IMAGE, MISSING_IMAGE, Place, a_place
from vibetui.errors import Conflict, EngineError, Invalid, NotFound, OpenError, Remedy
from vibetui.events import EventCode, OpenEvent, OpenStep, StepState
from vibetui.model import Session, SessionChange, SessionStatus, new_id
from vibetui.sessions.ownership import labels_of
from vibetui.sessions.rendezvous import CONTAINER_DIR

pytestmark = pytest.mark.docker


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(tmp_path / "data") as place:
        yield place


def states(events: list[OpenEvent]) -> dict[OpenStep, StepState]:
    """The last state of each step."""
    return {event.step: event.state for event in events}


async def failure(place: Place, session: Session) -> OpenError:
    with pytest.raises(OpenError) as caught:
        await place.open(session)
    assert caught.value.message.endswith(".")
    assert "Traceback" not in caught.value.message
    return caught.value


async def test_a_new_session_goes_through_every_step_to_a_prompt(place: Place) -> None:
    session = await place.session()
    assert (session.status, session.container_id) == (SessionStatus.STOPPED, None)
    events = await place.open(session)
    assert [event.step for event in events if event.state is not StepState.RUNNING] == [
        *OpenStep.__members__.values()
    ]
    assert states(events)[OpenStep.IMAGE] is StepState.SKIPPED, "the image is here"
    assert events[-1].state is StepState.DONE
    row = await place.row(session)
    assert row.status is SessionStatus.RUNNING
    assert row.last_used_at is not None
    await place.works(session)
    said = [notice.session.status for notice in place.notices]
    assert said == [SessionStatus.STOPPED, SessionStatus.STARTING, SessionStatus.RUNNING]


async def test_a_running_session_is_ready_without_starting_anything(place: Place) -> None:
    session = await place.opened()
    events = await place.open(session)
    assert states(events)[OpenStep.START] is StepState.SKIPPED
    assert len(await place.containers()) == 1
    await place.works(session)


async def test_the_row_says_stopped_without_a_container_but_one_runs(place: Place) -> None:
    session = await place.opened()
    await place.store.update_session(
        session.session_id, container_id=None, status=SessionStatus.STOPPED
    )
    await place.open(session)
    assert (await place.row(session)).container_id == session.container_id
    await place.works(session)


async def test_the_row_names_a_container_that_was_removed_by_hand(place: Place) -> None:
    session = await place.opened()
    place.remove_by_hand(session)
    await place.open(session)
    row = await place.row(session)
    assert row.container_id != session.container_id
    assert len(await place.containers()) == 1
    await place.works(session)


async def test_the_row_says_running_but_it_is_stopped(place: Place) -> None:
    session = await place.opened()
    await asyncio.to_thread(place.docker.kill, place.name(session))
    await place.engine.wait_exit(place.name(session))
    with pytest.raises(OpenError, match="isn't running"):
        await place.manager.attach(session.session_id)
    await place.open(session)
    assert (await place.row(session)).container_id == session.container_id
    await place.works(session)


async def test_the_container_is_paused(place: Place) -> None:
    session = await place.opened()
    await asyncio.to_thread(place.docker.pause, place.name(session))
    await place.open(session)
    await place.works(session)


@pytest.mark.parametrize("nonsense", ["", "../../etc", "no-such-container", "ffffffffffff"])
async def test_the_row_says_anything_whatever(place: Place, nonsense: str) -> None:
    session = await place.session()
    await place.store.update_session(
        session.session_id, container_id=nonsense, status=SessionStatus.RUNNING
    )
    await place.open(session)
    await place.works(session)


async def test_the_container_is_removed_between_start_and_attach(place: Place) -> None:
    session = await place.opened()
    place.remove_by_hand(session)
    with pytest.raises(OpenError) as caught:
        await place.manager.attach(session.session_id)
    assert caught.value.retryable
    await place.open(session)
    await place.works(session)


@pytest.mark.parametrize("step", [OpenStep.CREATE, OpenStep.START])
async def test_the_container_is_removed_while_it_is_being_opened(
    place: Place, step: OpenStep
) -> None:
    session = await place.session()
    removed = False
    last = None
    async with aclosing(place.manager.open(session.session_id)) as events:
        async for event in events:
            last = event
            if (event.step, event.state) == (step, StepState.DONE) and not removed:
                removed = True
                await asyncio.to_thread(place.remove_by_hand, session)
    assert last is not None
    assert last.step is OpenStep.READY
    if (await place.row(session)).status is SessionStatus.RUNNING and not await place.containers():
        # READY was true when it was said; the removal came after it.
        await place.open(session)
    await place.works(session)
    assert len(await place.containers()) == 1


async def test_a_container_that_keeps_vanishing_ends_in_one_sentence(place: Place) -> None:
    session = await place.session()
    start = place.engine.start_container

    async def start_and_lose(container_id: str) -> None:
        # Somebody's cleaning script, which can't be had to hit this instant by itself.
        await place.engine.remove_container(container_id)
        await start(container_id)

    place.engine.start_container = start_and_lose  # type: ignore[method-assign]
    error = await failure(place, session)
    assert "again and again" in error.message
    assert await place.containers() == []
    del place.engine.start_container
    await place.open(session)
    await place.works(session)


async def test_a_command_that_exits_at_once_is_told_with_its_log_and_a_way_on(
    place: Place,
) -> None:
    session = await place.session()
    made = await asyncio.to_thread(
        place.docker.create_container,
        IMAGE,
        entrypoint=["/bin/sh", "-c", "echo out of order; exit 3"],
        name=place.name(session),
        labels=labels_of(session, place.instance),
    )
    async with asyncio.timeout(10):
        error = await failure(place, session)
    assert "exit status 3" in error.message
    assert Remedy.SEE_LOG in error.remedies
    assert Remedy.RECREATE in error.remedies
    assert "out of order" in await place.manager.log(session.session_id)
    assert (await place.row(session)).status is SessionStatus.STOPPED
    await place.open(session, recreate=True)
    assert (await place.row(session)).container_id != made["Id"]
    await place.works(session)


async def test_a_container_whose_agent_is_silent_is_given_up_in_time(tmp_path: Path) -> None:
    async with a_place(tmp_path / "data", handshake_timeout=0.5) as place:
        session = await place.session()
        directory = place.settings.run_dir / session.session_id
        directory.mkdir(parents=True)
        made = await asyncio.to_thread(
            place.docker.create_container,
            IMAGE,
            entrypoint=["/bin/sleep", "1000"],
            name=place.name(session),
            labels=labels_of(session, place.instance),
            host_config=place.docker.create_host_config(binds=[f"{directory}:{CONTAINER_DIR}"]),
        )
        error = await failure(place, session)
        assert "within 0.5 seconds" in error.message
        assert error.remedies[0] is Remedy.RECREATE
        place.settings.handshake_timeout = 20
        await place.open(session, recreate=True)
        assert (await place.row(session)).container_id != made["Id"]
        await place.works(session)


async def test_a_running_container_whose_socket_directory_is_gone_can_be_recreated(
    place: Place,
) -> None:
    session = await place.opened()
    for path in (place.settings.run_dir / session.session_id).iterdir():
        path.unlink()
    (place.settings.run_dir / session.session_id).rmdir()
    error = await failure(place, session)
    assert error.remedies[0] is Remedy.RECREATE
    await place.open(session, recreate=True)
    await place.works(session)


async def test_a_missing_image_fails_within_seconds_and_leaves_nothing(place: Place) -> None:
    session = await place.session("ghost")
    async with asyncio.timeout(30):
        error = await failure(place, session)
    assert MISSING_IMAGE in error.message
    assert error.retryable
    assert error.hint
    assert await place.containers() == []
    assert (await place.row(session)).status is SessionStatus.STOPPED


async def test_a_template_that_is_gone_is_said(place: Place) -> None:
    session = await place.session("ghost")
    del place.settings.templates["ghost"]
    error = await failure(place, session)
    assert "“ghost”" in error.message


async def test_a_strangers_container_with_our_name_is_named_and_never_touched(
    place: Place,
) -> None:
    session = await place.session()
    name = place.name(session)
    stranger = (
        await asyncio.to_thread(
            place.docker.create_container, IMAGE, entrypoint=["/bin/sleep", "1000"], name=name
        )
    )["Id"]
    try:
        await asyncio.to_thread(place.docker.start, stranger)
        error = await failure(place, session)
        assert name in error.message
        assert "rename" in error.hint
        await place.manager.stop(session.session_id)
        await place.manager.cancel(session.session_id)
        untouched = await place.engine.inspect(stranger)
        assert untouched is not None
        assert untouched.running
        await asyncio.to_thread(place.docker.rename, stranger, f"moved-{new_id()}")
        await place.open(session)
        await place.works(session)
        await place.manager.delete(session.session_id)
        assert await place.engine.inspect(stranger) is not None
    finally:
        await place.engine.remove_container(stranger)


async def test_a_row_that_names_a_strangers_container_does_not_make_it_ours(place: Place) -> None:
    session = await place.session()
    created = await asyncio.to_thread(
        place.docker.create_container, IMAGE, entrypoint=["/bin/sleep", "9"], name=f"x-{new_id()}"
    )
    stranger = created["Id"]
    try:
        await place.store.update_session(session.session_id, container_id=stranger)
        await place.open(session)
        assert (await place.row(session)).container_id != stranger
        await place.works(session)
        await place.manager.delete(session.session_id)
        assert await place.engine.inspect(stranger) is not None
    finally:
        await place.engine.remove_container(stranger)


async def test_fifty_who_open_at_once_get_one_container(place: Place) -> None:
    session = await place.session()
    everybody = await asyncio.gather(*(place.open(session) for _ in range(50)))
    assert all(events == everybody[0] for events in everybody)
    assert len(await place.containers()) == 1
    await place.works(session)


async def test_a_session_that_was_created_to_be_opened_has_one_container(place: Place) -> None:
    session = await place.session(opening=True)
    events = await place.open(session)
    assert events[-1].step is OpenStep.READY
    assert len(await place.containers()) == 1
    await place.works(session)


async def test_a_missing_image_is_found_out_as_well_when_nobody_asked_for_it(place: Place) -> None:
    session = await place.session("ghost", opening=True)
    async with asyncio.timeout(30):
        error = await failure(place, session)
    assert MISSING_IMAGE in error.message
    assert await place.containers() == []


async def test_two_cores_that_open_the_same_session_share_one_container(place: Place) -> None:
    session = await place.session()
    other = place.another_manager()

    async def open_there() -> None:
        async for _ in other.open(session.session_id):
            pass

    await asyncio.gather(place.open(session), open_there())
    assert len(await place.containers()) == 1
    await place.works(session)
    await other.close()


async def test_an_opening_goes_on_when_its_asker_leaves(place: Place) -> None:
    session = await place.session()
    async with aclosing(place.manager.open(session.session_id)) as events:
        first = await anext(events)
    again = await place.open(session)
    assert again[0] == first, "it is the same flight, from its beginning"
    assert again[-1].step is OpenStep.READY
    await place.works(session)


@pytest.mark.parametrize("step", [OpenStep.CREATE, OpenStep.START, OpenStep.HANDSHAKE])
async def test_a_cancelled_opening_leaves_no_container_and_can_be_repeated(
    place: Place, step: OpenStep
) -> None:
    session = await place.session()

    async def cancel_at_the_step() -> None:
        async for event in place.manager.open(session.session_id):
            if event.step is step:
                await place.manager.cancel(session.session_id)

    with pytest.raises(OpenError, match="cancelled"):
        await cancel_at_the_step()
    assert await place.containers() == []
    assert (await place.row(session)).status is SessionStatus.STOPPED
    await place.open(session)
    await place.works(session)


async def test_cancelling_a_restart_keeps_the_container_that_was_there(place: Place) -> None:
    session = await place.opened()
    await place.manager.stop(session.session_id)

    async def cancel_at_start() -> None:
        async for event in place.manager.open(session.session_id):
            if event.step is OpenStep.START:
                await place.manager.cancel(session.session_id)

    with pytest.raises(OpenError, match="cancelled"):
        await cancel_at_start()
    assert [state.container_id for state in await place.containers()] == [session.container_id]


async def test_stopping_is_idempotent_and_the_workspace_lasts(place: Place) -> None:
    session = await place.opened()
    for _ in range(2):
        stopped = await place.manager.stop(session.session_id)
        assert stopped.status is SessionStatus.STOPPED
    with pytest.raises(OpenError):
        await place.manager.attach(session.session_id)
    await place.open(session)
    await place.works(session)


async def test_that_it_is_stopped_on_purpose_is_known_while_it_goes_down(place: Place) -> None:
    session = await place.opened()
    assert session.stopped_at is None
    going_down, go_down = asyncio.Event(), place.engine.stop_container

    async def stop_container(container_id: str, grace: float) -> None:
        going_down.set()
        row = await place.row(session)
        assert (row.status, row.stopped_at is None) == (SessionStatus.RUNNING, False)
        await go_down(container_id, grace)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place.engine, "stop_container", stop_container)
        first = await place.manager.stop(session.session_id)
    assert going_down.is_set()
    second = await place.manager.stop(session.session_id)
    assert first.stopped_at == second.stopped_at, "the first time counts"
    await place.open(session)
    assert (await place.row(session)).stopped_at is None


async def test_a_stop_that_fails_was_none(place: Place) -> None:
    session = await place.opened()

    async def stop_container(container_id: str, grace: float) -> None:
        raise EngineError(f"{container_id} doesn't stop within {grace} s.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place.engine, "stop_container", stop_container)
        with pytest.raises(EngineError):
            await place.manager.stop(session.session_id)
    assert (await place.row(session)).stopped_at is None
    await place.works(session)


async def test_a_stop_during_an_opening_wins(place: Place) -> None:
    session = await place.session()

    async def stop_at_start() -> None:
        async for event in place.manager.open(session.session_id):
            if event.step is OpenStep.START:
                await place.manager.stop(session.session_id)

    with pytest.raises(OpenError, match="cancelled"):
        await stop_at_start()
    assert not any(state.running for state in await place.containers())
    assert (await place.row(session)).status is SessionStatus.STOPPED


async def test_deleting_takes_container_volume_directory_and_row(place: Place) -> None:
    session = await place.opened()
    volumes = {"label": f"vibetui.session={session.session_id}"}
    assert place.docker.volumes(filters=volumes)["Volumes"]
    for _ in range(2):
        await place.manager.delete(session.session_id)
    assert await place.containers() == []
    assert not place.docker.volumes(filters=volumes)["Volumes"]
    assert not (place.settings.run_dir / session.session_id).exists()
    assert await place.store.session(session.session_id) is None
    assert place.notices[-1].change is SessionChange.DELETED
    with pytest.raises(NotFound):
        await place.open(session)
    codes = [event.code for event in await place.store.audit_tail(10)]
    assert EventCode.SESSION_READY in codes
    assert EventCode.SESSION_DELETED in codes


async def test_names_and_templates_are_checked(place: Place) -> None:
    session = await place.session()
    for name, template in (("bad name", "base"), ("fine", "no-such-template")):
        with pytest.raises(Invalid):
            await place.manager.create(session.user_id, name, template)
    with pytest.raises(Conflict):
        await place.manager.create(session.user_id, session.name, "base")
    renamed = await place.manager.rename(session.session_id, "renamed")
    assert renamed.name == "renamed"
    assert place.notices[-1].session == renamed


async def test_rows_follow_the_engine_and_what_nobody_owns_is_removed(place: Place) -> None:
    dead, gone, orphan, fine = [await place.opened() for _ in range(4)]
    await asyncio.to_thread(place.docker.kill, place.name(dead))
    place.remove_by_hand(gone)
    await place.store.delete_session(orphan.session_id)
    await place.manager.reconcile()
    row = await place.row(dead)
    assert (row.status, row.container_id) == (SessionStatus.STOPPED, dead.container_id)
    row = await place.row(gone)
    assert (row.status, row.container_id) == (SessionStatus.STOPPED, None)
    assert (await place.row(fine)).status is SessionStatus.RUNNING
    left = {state.container_id for state in await place.containers()}
    assert left == {dead.container_id, fine.container_id}


async def test_a_death_is_followed_without_being_asked(place: Place) -> None:
    session = await place.opened()
    following = asyncio.create_task(place.manager.run())
    try:
        await asyncio.to_thread(place.docker.kill, place.name(session))
        await place.told_of(session, SessionStatus.STOPPED)
        assert (await place.row(session)).container_id == session.container_id
    finally:
        following.cancel()
        await asyncio.wait([following])
