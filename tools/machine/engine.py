"""An engine that answers: the one that is there, otherwise Debian's Docker."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import docker.errors
import docker.utils
import requests

from tools.machine import debian, dockerd, state
from tools.machine.paths import ENGINE_URL
from tools.machine.report import Step
from vibetui.engines.docker.url import well_known_sockets
from vibetui.errors import EngineError, VibeError
from vibetui.settings import Settings

PACKAGES = ("docker.io", "iptables")
PING_TIMEOUT = 5
"""Seconds."""
DATA_ROOT = Path("/var/lib/docker")


@dataclass(frozen=True, slots=True)
class Found:
    """An engine that has just answered."""

    url: str
    version: str
    """Name and version, for people."""


def ensure(step: Step) -> Found:
    """The engine, installed and started first where that is ours to do.

    Raises:
        VibeError: there is none and we may not make one; the hint says exactly what to do.
    """
    private = dockerd.private_root()
    chosen = None if private else chosen_url()
    candidates = [chosen] if chosen else list(_candidates(private))
    if found := _first_that_answers(candidates, only=bool(chosen)):
        step.outcome = f"{found.version}, running already"
    else:
        found = _make(step, dockerd.socket_url(private))
    ENGINE_URL.parent.mkdir(parents=True, exist_ok=True)
    ENGINE_URL.write_text(found.url + "\n")
    return found


def chosen_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """The address that somebody chose: the setting `engine_url`, then `DOCKER_HOST`."""
    return Settings().engine_url or environment.get("DOCKER_HOST")


@contextmanager
def client(url: str, *, timeout: int) -> Iterator[docker.DockerClient]:
    """A client for one engine, closed afterwards; `timeout` is in seconds."""
    options = docker.utils.kwargs_from_env()
    made = docker.DockerClient(base_url=url, timeout=timeout, tls=options.get("tls", False))
    try:
        yield made
    finally:
        made.close()


def ask(url: str) -> Found:
    """Ask an engine for its name.

    Raises:
        EngineError: it does not answer; the message says why.
    """
    try:
        with client(url, timeout=PING_TIMEOUT) as engine:
            version = engine.version()
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise EngineError(f"The engine at {url} does not answer.", str(error)) from error
    components = version.get("Components") or [{"Name": "Engine"}]
    name = "Podman" if "podman" in str(components[0].get("Name", "")).lower() else "Docker"
    return Found(url=url, version=f"{name} {version.get('Version', '?')}")


def _candidates(private: Path | None) -> Iterator[str]:
    if private:
        yield dockerd.socket_url(private)
        return
    for socket in well_known_sockets(os.environ):
        yield f"unix://{socket}"


def _first_that_answers(urls: list[str], *, only: bool) -> Found | None:
    for url in urls:
        socket = Path(url.removeprefix("unix://"))
        if url.startswith("unix://") and not only:
            if not socket.is_socket():
                continue
            if not os.access(socket, os.R_OK | os.W_OK):
                raise VibeError(
                    f"You may not use the engine at {socket}.",
                    f"sudo usermod -aG {_group_of(socket)} $USER, then log in again.",
                )
        try:
            return ask(url)
        except EngineError as error:
            if only:
                raise VibeError(
                    error.message,
                    "Start it, or unset DOCKER_HOST and VIBETUI_ENGINE_URL to have one found. "
                    f"It said: {error.hint}",
                ) from error
    return None


def _make(step: Step, url: str) -> Found:
    how = "started"
    if os.geteuid() != 0:
        raise VibeError("No container engine answers.", _what_to_install())
    if not debian.find_program("dockerd"):
        if not debian.can_install():
            raise VibeError("There is no container engine on this machine.", _what_to_install())
        step.doing("installing docker.io")
        had_data = DATA_ROOT.exists()
        debian.install(PACKAGES)
        if not had_data:
            state.save(dataclasses.replace(state.load(), data_root=str(DATA_ROOT)))
        how = "installed and started"
    step.doing("starting dockerd")
    dockerd.start(url, lambda: ask(url))
    found = ask(url)
    step.outcome = f"{found.version}, {how}"
    return found


def _group_of(socket: Path) -> str:
    try:
        return socket.group()
    except KeyError:
        return str(socket.stat().st_gid)


def _what_to_install() -> str:
    if platform.system() == "Darwin":
        return "Install Docker Desktop or colima, start it, and run `make setup` again."
    release = platform.freedesktop_os_release()
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if family & {"debian", "ubuntu"}:
        return (
            "Run `make setup` as root once, or: sudo apt-get install docker.io iptables && "
            "sudo usermod -aG docker $USER, and log in again."
        )
    if family & {"fedora", "rhel", "centos"}:
        return (
            "sudo dnf install podman && systemctl --user enable --now podman.socket, "
            "then run `make setup` again."
        )
    return "Install Docker or Podman, start it, and run `make setup` again."
