"""What every test may use: a container engine that really answers."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

import docker
import pytest

BASE_IMAGE = "vibetui/base:latest"


@pytest.fixture(scope="session", autouse=True)
def _engine_for_docker_tests(request: pytest.FixtureRequest) -> None:
    """Fail, never skip, where a Docker test is collected and no engine answers."""
    wanted = any(
        item.get_closest_marker("docker") or item.get_closest_marker("e2e")
        for item in request.session.items
    )
    if not wanted:
        return
    try:
        with contextlib.closing(docker.from_env()) as client:
            client.images.get(BASE_IMAGE)
    except Exception as error:
        pytest.exit(f"no engine with {BASE_IMAGE} ({error}): run `make setup`", returncode=1)


@pytest.fixture
def heap_of_an_app() -> Iterator[None]:
    """Looks through nothing that earlier tests have left; an app's process is frozen too."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
