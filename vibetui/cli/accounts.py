"""Account commands, on the store: they work with or without a running server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from vibetui.core import accounts as core_accounts
from vibetui.core.channel import Channel
from vibetui.errors import Conflict, CoreUnavailable, NotFound
from vibetui.model import PublicKey, User
from vibetui.settings import Settings
from vibetui.store import Store


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """The store of this data directory, which is made (0700) if it is missing."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await Store.open(settings.database_path)
    try:
        yield store
    finally:
        await store.close()


async def add(settings: Settings, name: str, key_lines: str) -> tuple[User, list[PublicKey]]:
    """Add an account, or keys to it. Raises `Invalid` and `Conflict`."""
    async with opened_store(settings) as store:
        return await core_accounts.add_account(store, name, key_lines)


async def listing(settings: Settings) -> list[dict[str, Any]]:
    """Accounts with keys and the number of sessions, as JSON-ready data."""
    async with opened_store(settings) as store:
        return [
            {
                "name": user.name,
                "user_id": user.user_id,
                "created_at": user.created_at.isoformat(),
                "sessions": len(await store.sessions_of(user.user_id)),
                "keys": [
                    {
                        "fingerprint": key.fingerprint,
                        "algorithm": key.algorithm,
                        "comment": key.comment,
                    }
                    for key in await store.keys_of(user.user_id)
                ],
            }
            for user in await store.list_users()
        ]


async def remove(settings: Settings, name: str) -> None:
    """Remove an account without sessions. Raises `NotFound` and `Conflict`."""
    async with opened_store(settings) as store:
        user = await store.user_by_name(name)
        if user is None:
            raise NotFound(f"There is no account {name!r}.", "List them: vibetui user list")
        if sessions := await store.sessions_of(user.user_id):
            raise Conflict(
                f"{name} still has {len(sessions)} session(s) with a /workspace each.",
                "Delete them first; nothing is removed with the account.",
            )
        await _remove(settings, store, user)


async def _remove(settings: Settings, store: Store, user: User) -> None:
    """By a running core: it puts the user out of what others share with them."""
    core = Channel(settings.core_socket)
    try:
        await core.call("POST", "/v1/operator/remove_user", {"user_id": user.user_id}, again=False)
    except CoreUnavailable:
        await store.remove_user(user.user_id)
    finally:
        await core.close()
