"""Who did what, from where, as the trail tells it of people at work."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.openssh import add_user, make_session, run, words
from tests.server import Server
from vibetui.core.accounts import operator_name
from vibetui.model import Access, Share
from vibetui.store import Store

pytestmark = pytest.mark.e2e


async def share(server: Server, session: str, guest: str) -> None:
    """Let `guest` write in a session of the server's first account."""
    store = await Store.open(server.data_dir / "vibetui.db")
    try:
        owner, user = [await store.user_by_name(name) for name in (operator_name(), guest)]
        assert owner is not None
        assert user is not None
        (found,) = [one for one in await store.sessions_of(owner.user_id) if one.name == session]
        given = Share(found.session_id, user.user_id, guest, Access.WRITER, datetime.now(UTC))
        await store.put_share(given)
    finally:
        await store.close()


def test_what_a_guest_does_is_told_of_the_guest_and_of_where_they_are(
    server: Server, tmp_path: Path
) -> None:
    key = add_user(server, "guest", tmp_path)
    make_session(server, "web")
    asyncio.run(share(server, "web", "guest"))
    done = run(words(server, "exit 3", login=f"vibe+{operator_name()}+web", key=key))
    assert done.returncode == 3, done.stderr
    audit = server.data_dir / "audit.jsonl"
    entries = [json.loads(line) for line in audit.read_text().splitlines()]

    def told(code: str) -> list[tuple[str, str, str]]:
        found = [entry for entry in entries if entry["code"] == code]
        return [(entry["user"], entry["session"], entry["address"]) for entry in found]

    assert told("session.created") == [(operator_name(), "web", "127.0.0.1")]
    assert told("session.ready") == [("guest", "web", "127.0.0.1")]
    assert set(told("exec")) == {("guest", "web", "127.0.0.1")}
    assert ("guest", None, "127.0.0.1") in told("login")
