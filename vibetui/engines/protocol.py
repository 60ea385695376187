"""What the rest of the house may ask of a container engine."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BindMount:
    """A host path seen in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Copy:
    """A file put into a container that is being created, or with no source an empty directory.

    Root's; only root may write it.
    """

    source: Path | None
    target: str
    mode: int


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """A named volume seen in the container; made, with `labels`, if it is missing."""

    name: str
    target: str
    labels: Mapping[str, str]
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """Everything that makes a container of ours."""

    name: str
    image: str
    command: tuple[str, ...]
    labels: Mapping[str, str]
    volume: str
    """Named volume, mounted at ``/workspace``; made if it is missing."""
    hostname: str
    memory_bytes: int
    cpus: float
    pids: int
    binds: tuple[BindMount, ...] = ()
    copies: tuple[Copy, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[VolumeMount, ...] = ()
    """Others beside `volume`."""
    volume_labels: Mapping[str, str] | None = None
    """Of `volume`, if it is made; None: the container's own."""
    network: bool = True
    """False: none but its own loopback."""
    passing: bool = False
    """The engine removes it as soon as it has ended."""


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One inspection. Decisions branch on this, never on an engine's status codes."""

    container_id: str
    name: str
    running: bool
    """Running and neither paused, restarting, dead nor being removed."""
    status: str
    """The engine's own word: created, running, paused, exited, dead, removing …"""
    exit_code: int | None
    error: str
    """What the engine said when the start failed, else empty."""
    labels: Mapping[str, str]
    started_at: str = ""
    """When it was last started, in the engine's own form; empty where nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PullProgress:
    """`fraction` is downloaded bytes over known bytes of all layers, None until they are known."""

    fraction: float | None
    detail: str


CONNECTED = "connected"
"""The action of the first event of `Engine.events`: from here on nothing is missed."""


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something that happened to a container: create, start, die, destroy, pause, rename …"""

    action: str
    container_id: str
    labels: Mapping[str, str]


class Engine(Protocol):
    """A Docker-compatible engine.

    Every method raises `EngineUnavailable` where the engine can't be reached and `EngineError`
    where it refuses; what else a method raises is said there. Nothing blocks the loop.
    """

    async def ping(self) -> str:
        """The engine's name and version, for people."""
        ...

    async def image_present(self, image: str) -> bool: ...

    def pull_image(self, image: str) -> AsyncGenerator[PullProgress, None]:
        """Pull; ends when the image is there. Raises `ImageUnavailable`."""
        ...

    async def create_container(self, spec: ContainerSpec) -> str:
        """Create (not start) and return the id.

        Raises `Conflict` where the name is taken, `ImageUnavailable` where the image is not here,
        `NotFound` where it was removed before `spec.copies` were in it.
        """
        ...

    async def start_container(self, container_id: str) -> None:
        """Start; no error if it runs already. A paused container is resumed.

        Raises `NotFound` where there is no such container.
        """
        ...

    async def stop_container(self, container_id: str, grace: float) -> None:
        """SIGTERM, `grace` seconds, SIGKILL; no error if it is stopped or gone already."""
        ...

    async def remove_container(self, container_id: str) -> None:
        """Remove by force; returns when it is gone, no error if it was gone already."""
        ...

    async def inspect(self, name_or_id: str) -> ContainerState | None:
        """None where there is no such container."""
        ...

    async def find(self, labels: Mapping[str, str]) -> list[ContainerState]:
        """Containers, running or not, with all of these labels; an empty value stands for any."""
        ...

    async def wait_exit(self, container_id: str) -> int:
        """The exit status, once it isn't running (at once if it isn't); cancellable.

        A container that is gone has exited: -1.
        """
        ...

    async def logs(self, container_id: str, lines: int) -> str:
        """The last lines of its output; empty where it is gone."""
        ...

    def shares_files(self) -> bool:
        """Whether its address says that it is on this machine, and so sees this one's files."""
        ...

    async def relay(self, container_id: str, argv: Sequence[str]) -> socket.socket:
        """Run a program in the running container, as root; the socket is its stdin and stdout.

        A connected Unix socket, non-blocking. Closing it ends the program's input; its end is the
        program's, or the container's. Stderr goes to the log. It lives no longer than the engine.

        Raises `NotFound` where there is no such container.
        """
        ...

    def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Container events from now on, until the engine goes away (`EngineUnavailable`).

        The first is ``CONNECTED``, of no container: whoever follows inspects what there is when it
        comes. An event of the last second may come again.
        """
        ...

    async def find_volumes(self, labels: Mapping[str, str]) -> list[Volume]:
        """Named volumes with all of these labels, as `find`."""
        ...

    async def remove_volume(self, name: str) -> None:
        """No error if it is gone already. Refused while a container has it."""
        ...

    async def close(self) -> None: ...
