"""The base image: what is in it, and when setup makes it anew."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import docker.errors
import pytest

from tests.setup_support import keep_notes_in
from tools.machine import base_image, engine, state
from tools.machine.paths import CHECKOUT
from tools.machine.report import Step

PROGRAMS = "bash python python3 git vim less htop tmux ps ssh rsync curl infocmp"
TERMINALS = "xterm-256color tmux-256color screen-256color alacritty linux vt100"

pytestmark = pytest.mark.docker


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    made = docker.from_env()
    yield made
    made.close()


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    keep_notes_in(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
def found() -> engine.Found:
    return engine.ask(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")


def in_image(client: docker.DockerClient, script: str, *, user: str = "dev") -> str:
    output = client.containers.run(
        base_image.NAME,
        ["bash", "-lic", script],
        user=user,
        environment={"TERM": "xterm-256color"},
        labels={"vibetui.test": "base-image"},
        network_disabled=True,
        tty=True,
        remove=True,
    )
    return str(output, "utf-8")


def test_everything_that_a_developer_expects_is_in_the_image(client: docker.DockerClient) -> None:
    said = in_image(
        client,
        f"for name in {PROGRAMS}; do command -v $name >/dev/null || echo no $name; done;"
        f"for name in {TERMINALS}; do infocmp $name >/dev/null || echo no terminfo $name; done;"
        "[ -x /usr/lib/openssh/sftp-server ] || echo no sftp-server;"
        "vim --version | grep -q +syntax || echo a tiny vim;"
        "python -m venv --without-pip /tmp/e || echo no venv;"
        'echo "$(id -u):$(id -g) $PWD $(stat -c %u:%g "$PWD") $HOME $LANG";'
        "mkdir one && ls; rmdir one; git init -q . && git status --short; echo $?; rm -r .git",
    )
    identity, listing, status = said.split("\r\n")[-4:-1]
    assert identity == "1000:1000 /workspace 1000:1000 /home/dev C.UTF-8"
    assert listing == "\x1b[0m\x1b[01;34mone\x1b[0m"
    assert status == "0"
    assert "no " not in said


def test_the_image_names_no_mirror(client: docker.DockerClient) -> None:
    said = in_image(client, "grep -r :// /etc/apt | command grep -v '#'; echo over")
    assert said.split() == ["over"]


def test_an_image_of_the_present_recipe_is_left_alone(found: engine.Found) -> None:
    step = Step("base image")
    base_image.ensure(step, found)
    base_image.ensure(step, found)
    assert step.outcome == f"{base_image.NAME}, there already"


def test_an_image_of_an_older_recipe_is_replaced_from_the_cache(
    client: docker.DockerClient,
    found: engine.Found,
    own_state: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base_image, "REPOSITORY", "vibetui-test/recipe")
    monkeypatch.setattr(base_image, "NAME", "vibetui-test/recipe:latest")
    monkeypatch.setattr(base_image, "RECIPE", own_state / "recipe")
    shutil.copytree(CHECKOUT / "tools" / "base_image", own_state / "recipe")
    monkeypatch.delenv("VIBETUI_BASE_IMAGE", raising=False)
    step = Step("base image")
    recipes = []
    made: list[str] = []
    try:
        for package in ("first", "second"):
            with (own_state / "recipe" / "packages.txt").open("a") as packages:
                packages.write(f"{package}\n")
            recipe = base_image.recipe_hash()
            with tarfile.open(own_state / f"{recipe}.tar", "w") as tar:
                tar.add(own_state / "recipe" / "packages.txt", "packages.txt")
            base_image.ensure(step, found)
            assert step.outcome == "vibetui-test/recipe:latest, from the cache"
            image = client.images.get("vibetui-test/recipe:latest")
            made = [str(image.id), *made]
            recipes.append(image.labels[base_image.LABEL_RECIPE])
            assert image.attrs["Config"]["WorkingDir"] == "/workspace"
        with pytest.raises(docker.errors.ImageNotFound):
            client.images.get(made[1])
        assert state.load().image == made[0], "clean would not know it for ours"
        assert recipes[0] != recipes[1] == base_image.recipe_hash()
    finally:
        client.images.remove(made[0], force=True)
