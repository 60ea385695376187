"""The real app for the zygote: the one place of the front's package that knows `vibetui.ui`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import textual.drivers.linux_driver  # noqa: F401 - Textual would import it in every child.

from sshd.environment import AGENT_PLACE
from sshd.ui_process import App, MakeApp, Rebind
from vibetui.core.client import CoreClient
from vibetui.settings import Settings
from vibetui.ui import VibeApp
from vibetui.ui.warm import warm

__all__ = ["make_app", "warm"]


def make_app(settings: Settings) -> MakeApp:
    """A maker of apps that may do what their door allows."""

    @asynccontextmanager
    async def make(
        door: int, rebind: Rebind, address: str, session_id: str | None
    ) -> AsyncIterator[App]:
        core = CoreClient(door, rebind=rebind, client=address)
        try:
            yield VibeApp(
                core,
                settings,
                remote=True,
                address=address,
                begins_at=session_id,
                agent_place=os.environ.get(AGENT_PLACE, ""),
            )
        finally:
            await core.close()

    return make
