"""The image of the development containers: there, from our cache, pulled, or built.

A label carries the hash of the recipe, so that an image of an older recipe is made anew and one
that is right is left alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import requests
from docker.models.images import Image

from tools.machine import debian, state
from tools.machine.engine import Found, client
from tools.machine.paths import CHECKOUT, IMAGE_CACHE
from tools.machine.report import Step
from vibetui.errors import VibeError

REPOSITORY, TAG = "vibetui/base", "latest"
NAME = f"{REPOSITORY}:{TAG}"
LABEL_RECIPE = "vibetui.recipe"
RECIPE = CHECKOUT / "tools" / "base_image"
CONFIG = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    "WORKDIR /workspace",
    'CMD ["bash"]',
)
CALL_TIMEOUT = 600
"""Seconds for one call to the engine. Importing took 3 s where measured; slow disks exist."""
REGISTRY_DEADLINE = 10.0
"""A registry that has said nothing for so many seconds is not there."""


def ensure(step: Step, found: Found) -> None:
    """See to it that the engine has the image.

    Raises:
        VibeError: there is no way to make it here; the hint says what to do.
    """
    with client(found.url, timeout=CALL_TIMEOUT) as engine:
        recipe = recipe_hash()
        present = _present(engine)
        if present and _is_right(present, recipe):
            step.outcome = f"{NAME}, there already"
            return
        _bring(step, engine, found, recipe)
        made = engine.images.get(NAME)
        state.save(dataclasses.replace(state.load(), image=made.id))
        if present and made.id != present.id:
            # Containers that were made from it keep it, and the engine then refuses.
            with contextlib.suppress(docker.errors.APIError):
                engine.images.remove(str(present.id))


def _bring(step: Step, engine: docker.DockerClient, found: Found, recipe: str) -> None:
    if published := os.environ.get("VIBETUI_BASE_IMAGE"):
        step.doing(f"pulling {published}")
        if _pull(found, published):
            step.outcome = f"{NAME}, pulled from {published}"
            return
    tar = IMAGE_CACHE / f"{recipe}.tar"
    step.outcome = f"{NAME}, from the cache"
    if not tar.exists():
        if not _can_build_here(engine):
            _build_in_engine(step, engine, recipe)
            return
        step.doing("building it from Debian's packages, about a minute")
        _build(tar)
        step.outcome = f"{NAME}, built from this machine's packages"
    step.doing("importing it")
    _import(engine, tar, recipe)


def recipe_hash() -> str:
    """Names what the image would be made from: the recipe's files and this machine's release."""
    digest = hashlib.sha256()
    for path in sorted(RECIPE.iterdir()):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    release = platform.freedesktop_os_release() if platform.system() == "Linux" else {}
    codename = release.get("VERSION_CODENAME", "") if debian.can_install() else "image build"
    digest.update("\0".join((codename, platform.machine(), *CONFIG)).encode())
    return digest.hexdigest()[:16]


def _present(engine: docker.DockerClient) -> Image | None:
    try:
        return engine.images.get(NAME)
    except docker.errors.ImageNotFound:
        return None


def _is_right(image: Image, recipe: str) -> bool:
    published = os.environ.get("VIBETUI_BASE_IMAGE")
    # One without our label was put there on purpose, by a pull or by hand.
    return published in image.tags or image.labels.get(LABEL_RECIPE) in (recipe, None)


def _import(engine: docker.DockerClient, tar: Path, recipe: str) -> None:
    try:
        engine.api.import_image(
            src=str(tar),
            repository=REPOSITORY,
            tag=TAG,
            changes=[*CONFIG, f"LABEL {LABEL_RECIPE}={recipe}"],
        )
        engine.images.get(NAME)
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise VibeError("The engine did not take the base image.", str(error)) from error


def _pull(found: Found, published: str) -> bool:
    """Pull and tag; False where no registry answers in time or it has no such image."""
    heard = threading.Event()
    done: list[bool] = []

    def pull() -> None:
        with client(found.url, timeout=CALL_TIMEOUT) as engine:
            try:
                repository, _, tag = published.partition("@")[0].rpartition(":")
                if not repository or "/" in tag:
                    repository, tag = published, "latest"
                for progress in engine.api.pull(repository, tag=tag, stream=True, decode=True):
                    if "error" in progress:
                        return
                    heard.set()
                done.append(engine.images.get(f"{repository}:{tag}").tag(REPOSITORY, TAG))
            except (docker.errors.DockerException, requests.RequestException):
                return
            finally:
                heard.set()

    # A daemon thread: a registry that never answers must not hold the process.
    thread = threading.Thread(target=pull, daemon=True)
    thread.start()
    if not heard.wait(REGISTRY_DEADLINE):
        return False
    thread.join()
    return bool(done)


def _can_build_here(engine: docker.DockerClient) -> bool:
    if not debian.can_install():
        return False
    theirs = engine.version().get("Arch", "")
    ours = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return bool(theirs == ours)


def _build(tar: Path) -> None:
    if not debian.find_program("debootstrap"):
        debian.install(["debootstrap"])
    IMAGE_CACHE.mkdir(parents=True, exist_ok=True)
    log = IMAGE_CACHE / "build.log"
    with _build_directory() as directory:
        with log.open("wb") as output:
            status = _run_to_the_end([str(RECIPE / "rootfs.sh"), str(directory)], output.fileno())
        if status != 0:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise VibeError(
                "The base image could not be built from this machine's packages.",
                f"{last}\nThe whole story: {log}",
            )
        for older in IMAGE_CACHE.glob("*.tar"):
            older.unlink()
        (directory / "rootfs.tar").replace(tar)


@contextlib.contextmanager
def _build_directory() -> Iterator[Path]:
    for left_behind in IMAGE_CACHE.glob("build-*"):
        if left_behind.is_dir():
            _remove_tree(left_behind)
    directory = Path(tempfile.mkdtemp(prefix="build-", dir=IMAGE_CACHE))
    # mkdtemp's 0700 would become the mode of nothing in the image, but apt's helpers need a way in.
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        _remove_tree(directory)


def _run_to_the_end(command: list[str], output: int) -> int:
    """Run in a process group of its own, which never outlives this call."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as process:
        try:
            return process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def _remove_tree(directory: Path) -> None:
    # Where no mount namespace could be had, an interrupted build may have left /proc mounted.
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in sorted(mounts, reverse=True):
        if Path(mount).is_relative_to(directory.resolve()):
            subprocess.run(["umount", "--lazy", mount], check=True)
    shutil.rmtree(directory)


def _build_in_engine(step: Step, engine: docker.DockerClient, recipe: str) -> None:
    """Let the engine build on Debian's own image, for machines without Debian's tools or root."""
    step.doing("building it on debian:stable-slim")
    try:
        engine.images.build(
            path=str(RECIPE), tag=NAME, labels={LABEL_RECIPE: recipe}, rm=True, forcerm=True
        )
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise VibeError(
            "The base image could not be built.",
            f"{error}\nThe engine needs a registry that has debian:stable-slim; or run "
            "`make setup` as root on Debian; or set VIBETUI_BASE_IMAGE to an image to pull.",
        ) from error
    step.outcome = f"{NAME}, built on debian:stable-slim"
