"""Docker (and Podman's Docker-compatible API) as an `Engine`."""

from __future__ import annotations

from vibetui.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
