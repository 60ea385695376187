"""The core's API: HTTP over Unix sockets."""

from __future__ import annotations

from vibetui.core.server.server import CoreServer

__all__ = ["CoreServer"]
