"""The core is killed (-9) half-way through a creation, and started again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.session_support import Place, a_place
from vibetui.model import Session, SessionStatus

pytestmark = pytest.mark.docker


async def kill_a_core_at(place: Place, session: Session, moment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.faults.core_to_be_killed"),
        *(str(place.settings.data_dir), session.session_id),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        async for line in process.stdout:
            if line.decode().strip() == moment:
                break
        else:
            raise AssertionError(f"it never came to {moment!r}")
    process.kill()
    await process.wait()


@pytest.mark.parametrize(
    "moment", ["create running", "create done", "start running", "handshake running", "ready done"]
)
async def test_a_core_killed_half_way_is_followed_by_one_that_finishes(
    tmp_path: Path, moment: str
) -> None:
    async with a_place(tmp_path / "data") as place:
        session = await place.session()
        await kill_a_core_at(place, session, moment)
        await place.manager.reconcile()
        assert (await place.row(session)).status is not SessionStatus.STARTING
        await place.open(session)
        assert len(await place.containers()) == 1
        await place.works(session)
