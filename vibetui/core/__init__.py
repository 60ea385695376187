"""The core: everything that one user's app may ask for, in this process or over a Unix socket."""

from __future__ import annotations

from vibetui.core.protocol import Core

__all__ = ["Core"]
