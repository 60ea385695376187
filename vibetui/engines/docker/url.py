"""Where the engine listens."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vibetui.errors import EngineError

DEFAULT_SOCKET = Path("/var/run/docker.sock")


def well_known_sockets(environment: Mapping[str, str]) -> list[Path]:
    """Docker's socket, then those of rootless Docker and of Podman, in order of preference."""
    sockets = [DEFAULT_SOCKET]
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        sockets += [Path(runtime) / "docker.sock", Path(runtime) / "podman" / "podman.sock"]
    sockets.append(Path("/run/podman/podman.sock"))
    return sockets


def resolve_url(configured: str | None, environment: Mapping[str, str] | None = None) -> str:
    """The engine's address as ``unix:///path`` or ``http://host:port``.

    The setting wins, then ``DOCKER_HOST``, then the first well-known socket that exists; where
    none does, Docker's own, so that the error names the place people expect.

    Raises:
        EngineError: the address has a scheme that we can't speak.
    """
    environment = os.environ if environment is None else environment
    url = configured or environment.get("DOCKER_HOST") or _existing_socket(environment)
    if url.startswith("/"):
        url = f"unix://{url}"
    scheme, separator, rest = url.partition("://")
    if not separator or not rest:
        raise EngineError(
            f"The engine's address {url!r} is not understood.",
            "Use unix:///path/to/docker.sock or tcp://host:port.",
        )
    if scheme == "unix":
        return f"unix:///{rest.lstrip('/')}"
    if scheme in ("tcp", "http"):
        return f"http://{rest.rstrip('/')}"
    raise EngineError(
        f"An engine behind {scheme}:// can't be used.",
        "Use unix:///path/to/docker.sock or tcp://host:port.",
    )


def _existing_socket(environment: Mapping[str, str]) -> str:
    for socket in well_known_sockets(environment):
        if socket.is_socket():
            return f"unix://{socket}"
    return f"unix://{DEFAULT_SOCKET}"
