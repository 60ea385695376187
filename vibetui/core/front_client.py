"""What the SSH front asks of the core: whose a key is, a door for that user, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vibetui.core import wire
from vibetui.core.channel import Channel
from vibetui.events import EventCode
from vibetui.model import Account


class FrontClient:
    """The core, as the front sees it. Everything raises `CoreUnavailable` where it is gone.

    Args:
        target: The core's own socket, or the front's door (a descriptor, owned from here on).
    """

    def __init__(self, target: Path | int) -> None:
        self._channel = Channel(target)

    async def authenticate(self, fingerprint: str) -> Account | None:
        """Whose key this is (``SHA256:…``); None where it is nobody's."""
        answer = await self._channel.call(
            "POST", "/v1/front/authenticate", {"fingerprint": fingerprint}
        )
        return wire.account_from_json(answer)

    async def open_door(self, user_id: str) -> int:
        """A descriptor with which whoever holds it is that user; the caller closes it.

        Raises `NotFound` where there is no such user.
        """
        return await self._channel.descriptor("/v1/front/doors", {"user_id": user_id})

    async def audit(
        self,
        code: EventCode,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        address: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry to the audit trail."""
        body = {
            "code": str(code),
            "user_id": user_id,
            "session_id": session_id,
            "address": address,
            "detail": dict(detail or {}),
        }
        await self._channel.call("POST", "/v1/front/audit", body, again=False)

    async def close(self) -> None:
        await self._channel.close()
