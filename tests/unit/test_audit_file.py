"""The trail as JSON lines, as whatever collects logs reads it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from vibetui.events import EventCode
from vibetui.model import Session, SessionStatus, new_id
from vibetui.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "vibetui.db")
    yield opened
    await opened.close()


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


async def test_each_entry_is_a_line_that_says_who_where_and_what(
    store: Store, tmp_path: Path
) -> None:
    ada = await store.add_user("ada")
    web = Session(
        new_id(), ada.user_id, "web", "base", None, SessionStatus.STOPPED, datetime.now(UTC), None
    )
    await store.add_session(web)
    await store.audit(
        EventCode.EXEC,
        user_id=ada.user_id,
        session_id=web.session_id,
        address="192.0.2.1",
        detail={"command": "printf 'a\nb\x1b[31m\u2028'"},
    )
    await store.audit(EventCode.SERVER_STARTED)
    (event, _) = await store.audit_tail(2)
    first, second = lines(tmp_path / "audit.jsonl")
    assert first == {
        "at": event.at.isoformat(timespec="microseconds"),
        "code": "exec",
        "user_id": ada.user_id,
        "user": "ada",
        "session_id": web.session_id,
        "session": "web",
        "address": "192.0.2.1",
        "detail": {"command": "printf 'a\nb\x1b[31m\u2028'"},
    }
    assert (second["code"], second["user"], second["session"]) == ("server.started", None, None)
    assert b"\x1b" not in (tmp_path / "audit.jsonl").read_bytes()


async def test_only_its_owner_may_read_the_file(store: Store, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await store.audit(EventCode.SERVER_STARTED)
    finally:
        os.umask(before)
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_was_moved_away_is_begun_anew(store: Store, tmp_path: Path) -> None:
    file, moved = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    await store.audit(EventCode.SERVER_STARTED)
    file.rename(moved)
    await store.audit(EventCode.SERVER_STOPPED)
    assert [entry["code"] for entry in lines(moved)] == ["server.started"]
    assert [entry["code"] for entry in lines(file)] == ["server.stopped"]


@pytest.mark.parametrize("in_the_way", ["directory", "fifo without a reader"])
async def test_a_file_that_cannot_be_written_loses_no_entry_and_holds_nobody_up(
    store: Store, tmp_path: Path, in_the_way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = CapturingLogger()
    monkeypatch.setattr("vibetui.store.audit_file.log", written)
    file = tmp_path / "audit.jsonl"
    if in_the_way == "directory":
        file.mkdir()
    else:
        os.mkfifo(file)
    async with asyncio.timeout(10):
        await store.audit(EventCode.LOGIN, address="192.0.2.1")
    assert [event.code for event in await store.audit_tail(9)] == ["login"]
    assert [call.args for call in written.calls] == [("audit.not_written",)]


def test_a_line_for_which_there_is_no_room_leaves_no_half_of_it(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        from vibetui.store.audit_file import append_entry
        file = Path(sys.argv[1])
        append_entry(file, {"code": "login"})
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 10,) * 2)
        append_entry(file, {"code": "exec", "detail": "x" * 100})
        """
    file = tmp_path / "audit.jsonl"
    words = [sys.executable, "-c", textwrap.dedent(script), str(file)]
    said = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
    assert lines(file) == [{"code": "login"}]
    assert "audit.not_written" in said.stdout + said.stderr


async def test_lines_of_processes_that_write_at_once_stay_whole(tmp_path: Path) -> None:
    script = """
        import sys
        from pathlib import Path
        from vibetui.store.audit_file import append_entry
        for number in range(200):
            append_entry(Path(sys.argv[1]), {"who": sys.argv[2], "detail": "x" * (number * 50)})
        """
    file = tmp_path / "audit.jsonl"
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", textwrap.dedent(script), str(file), str(number)
        )
        for number in range(3)
    ]
    async with asyncio.timeout(60):
        assert [await writer.wait() for writer in writers] == [0, 0, 0]
    written = lines(file)
    for number in range(3):
        own = [len(entry["detail"]) for entry in written if entry["who"] == str(number)]
        assert own == [length * 50 for length in range(200)]
