"""Container engines behind one protocol; nothing outside this folder imports `docker`."""

from __future__ import annotations

from vibetui.engines.docker import DockerEngine
from vibetui.engines.protocol import (
    CONNECTED,
    BindMount,
    ContainerSpec,
    ContainerState,
    Copy,
    Engine,
    EngineEvent,
    PullProgress,
    Volume,
    VolumeMount,
)

__all__ = [
    "CONNECTED",
    "BindMount",
    "ContainerSpec",
    "ContainerState",
    "Copy",
    "DockerEngine",
    "Engine",
    "EngineEvent",
    "PullProgress",
    "Volume",
    "VolumeMount",
]
