"""Undo what setup did to this machine: that, all of it, and nothing else."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import docker
import docker.errors
from docker.models.containers import Container
from docker.models.images import Image
from docker.models.volumes import Volume

from tools.machine import base_image, debian, dockerd, engine, state
from tools.machine.paths import CHECKOUT, ENGINE_URL
from tools.machine.report import step
from tools.machine.state import MachineState
from vibetui.errors import EngineError, VibeError
from vibetui.model import LABEL_INSTANCE
from vibetui.settings import Settings

CALL_TIMEOUT = 120
"""Seconds for one call to the engine."""


class Others(Enum):
    """What somebody else does with the engine, once ours is out of it."""

    NOTHING = auto()
    KEEP = auto()
    RUN = auto()


@dataclass(frozen=True, slots=True)
class Ours:
    """What this installation has in the engine."""

    containers: list[Container]
    volumes: list[Volume]
    image: Image | None


def run(*, force: bool) -> None:
    """Take everything back, asking first where people's work would go with it.

    Raises:
        VibeError: not confirmed (nothing was touched then), or a step failed.
    """
    with _engine() as client:
        if client:
            ours = _find(client)
            if not force and (ours.containers or ours.volumes):
                _confirm(ours)
            with step("sessions") as current:
                current.outcome = _remove_sessions(ours)
            with step("base image") as current:
                current.outcome = _remove_image(client, ours.image)
        others = _others_use(client) if client else Others.NOTHING
    with step("engine") as current:
        current.outcome = take_engine_back(others)
    with step("files") as current:
        # The environment that this runs in, and .cache with our lock, are the Makefile's to remove.
        shutil.rmtree(CHECKOUT / "data", ignore_errors=True)
        current.outcome = "environment and caches"
    data = Settings().data_dir
    if data.exists():
        print(f"Accounts and session lists stay in {data}; to remove them: rm -r {data}")


@contextmanager
def _engine() -> Iterator[docker.DockerClient | None]:
    try:
        url = ENGINE_URL.read_text().strip()
        engine.ask(url)
    except (FileNotFoundError, EngineError):
        yield None
        return
    with engine.client(url, timeout=CALL_TIMEOUT) as client:
        yield client


def _find(client: docker.DockerClient) -> Ours:
    image: Image | None
    try:
        image = client.images.get(base_image.NAME)
        if image.id != state.load().image:
            image = None  # Another checkout's, or somebody put it there.
    except docker.errors.ImageNotFound:
        image = None
    instance = _instance()
    if instance is None:
        return Ours([], [], image)
    label: dict[str, str | list[str] | bool] = {"label": f"{LABEL_INSTANCE}={instance}"}
    return Ours(
        containers=client.containers.list(all=True, filters=label, ignore_removed=True),
        volumes=client.volumes.list(filters={"label": f"{LABEL_INSTANCE}={instance}"}),
        image=image,
    )


def _instance() -> str | None:
    try:
        return (Settings().data_dir / "instance").read_text().strip() or None
    except FileNotFoundError:
        return None


def _confirm(ours: Ours) -> None:
    question = (
        f"This removes {len(ours.containers)} development containers and {len(ours.volumes)} "
        "workspaces with everything in them."
    )
    way_on = "FORCE=1 make clean removes them without asking."
    if not sys.stdin.isatty():
        raise VibeError(f"Nothing was removed. {question}", way_on)
    print(question)
    if input("Type yes to go on: ").strip().lower() != "yes":
        raise VibeError("Nothing was removed.", way_on)


def _remove_sessions(ours: Ours) -> str:
    for container in ours.containers:
        # A helper goes by itself, and may just have.
        with suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)
    for volume in ours.volumes:
        volume.remove(force=True)
    return f"{len(ours.containers)} containers, {len(ours.volumes)} workspaces"


def _remove_image(client: docker.DockerClient, image: Image | None) -> str:
    if image is None:
        return "none of ours"
    try:
        client.images.remove(base_image.NAME)
    except docker.errors.APIError as error:
        raise VibeError("The base image is still in use.", str(error.explanation)) from error
    state.save(dataclasses.replace(state.load(), image=None))
    return base_image.NAME


def _others_use(client: docker.DockerClient) -> Others:
    if client.containers.list():
        return Others.RUN
    kept = client.containers.list(all=True, ignore_removed=True) or client.volumes.list()
    return Others.KEEP if kept or client.images.list() else Others.NOTHING


def take_engine_back(others: Others) -> str:
    """Stop and purge what setup started and installed; return what was done.

    Raises:
        VibeError: others have come to use the engine, so it stays as it is.
    """
    known = state.load()
    started = known.daemon is not None or known.unit is not None
    installed = engine.PACKAGES[0] in known.packages
    # Started by us but installed by somebody else: what lies in it survives a stop.
    if (others is Others.RUN and (started or installed)) or (others is Others.KEEP and installed):
        raise VibeError(
            "The engine is left as it is: others have come to use it.",
            "`docker ps -a`, `docker volume ls` and `docker image ls` show what is in it; once "
            "that is gone, run `make clean` again.",
        )
    did = []
    if known.daemon and dockerd.stop(known.daemon):
        did.append("stopped")
    if known.unit:
        subprocess.run(["systemctl", "stop", "docker.socket", "docker"], check=False)
        did.append("stopped")
    state.save(dataclasses.replace(known, daemon=None, unit=None))
    if known.packages:
        kept = debian.purge(known.packages)
        did.append(f"{len(known.packages) - len(kept)} packages purged")
        if kept:
            did.append(f"{len(kept)} kept, others need them")
    if known.data_root and not debian.find_program("dockerd"):
        _remove_data_root(Path(known.data_root))
    state.save(MachineState())
    return ", ".join(did) or "not ours, left as it is"


def _remove_data_root(root: Path) -> None:
    # dockerd mounts its directory on itself and leaves it so.
    if root.is_mount():
        subprocess.run(["umount", str(root)], check=False)
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if not any(Path(mount).is_relative_to(root) for mount in mounts):
        shutil.rmtree(root, ignore_errors=True)
