"""What every part of `LocalAdministration` works with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from vibetui.errors import CoreUnavailable, NotFound
from vibetui.events import EventCode
from vibetui.model import User
from vibetui.settings import Settings
from vibetui.store import Store

if TYPE_CHECKING:
    from vibetui.core.service import CoreService

log = structlog.get_logger(__name__)


def no_server() -> CoreUnavailable:
    """For what can't be done on the store alone."""
    return CoreUnavailable("No server is running here.", "Start it: vibetui serve")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, for the trail.

    Attributes:
        by: Name of the account, or of the operator's account on the machine.
        user_id: None for the operator.
    """

    by: str
    user_id: str | None = None
    address: str | None = None


class Desk:
    """Where one actor's requests are worked on.

    Args:
        service: The running core, so that a change is felt at once; None where nothing runs.
    """

    def __init__(
        self, store: Store, settings: Settings, actor: Actor, service: CoreService | None = None
    ) -> None:
        self._store = store
        self._settings = settings
        self._actor = actor
        self._service = service
        self._turn = asyncio.Lock() if service is None else service.administering

    async def _need(self, name: str) -> User:
        user = await self._store.user_by_name(name)
        if user is None:
            raise NotFound(f"There is no account “{name}”.", "List them: vibetui user list")
        return user

    async def _record(self, code: EventCode, **detail: Any) -> None:
        """To the trail, and to the log where a server has one.

        `account` in the detail says whose account it was about.
        """
        actor = self._actor
        if self._service is not None:
            log.info(code, user_id=actor.user_id, by=actor.by, address=actor.address, **detail)
        await self._store.audit(
            code,
            user_id=actor.user_id,
            address=actor.address,
            detail={"by": actor.by, **detail},
        )

    def _end_logins(self, user_id: str) -> None:
        if self._service is not None:
            self._service.endings.end(user_id)
