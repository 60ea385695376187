"""The container behind a session, found past the product's back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import docker
from docker.models.containers import Container

from vibetui.model import LABEL_INSTANCE


@contextlib.contextmanager
def container_of(instance: str, session: str) -> Iterator[Container]:
    """The running container of the session named `session`. Raises `LookupError`."""
    with contextlib.closing(docker.from_env()) as client:
        for container in client.containers.list(filters={"label": f"{LABEL_INSTANCE}={instance}"}):
            if container.attrs["Config"]["Hostname"] == session:
                yield container
                return
        raise LookupError(session)
