"""An OpenSSH client in tmux on a real front and zygote: what a user sees on the way in and out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd_support import FrontUnderTest, eventually
from tests.tmux import Tmux


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontUnderTest]:
    with FrontUnderTest(tmp_path_factory.mktemp("front")) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, columns=80, rows=24) as terminal:
        yield terminal


def terminal_facts(tmux: Tmux) -> str:
    """Modes of the outer terminal that an app could leave behind."""
    return tmux.facts(
        "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{mouse_sgr_flag} #{keypad_flag}"
        " #{wrap_flag} #{insert_flag} #{origin_flag}"
    )


def stty(tmux: Tmux, name: str) -> str:
    tmux.line(f"stty -g > {name}; echo saved-$?")
    tmux.wait_for("saved-0")
    tmux.line("clear")
    tmux.wait_gone("saved-0")
    return name


def enter(tmux: Tmux, front: FrontUnderTest, **how: object) -> None:
    tmux.line(f"clear; {front.ssh(**how)}; echo status=$?")  # type: ignore[arg-type]
    tmux.wait_for("typed=|")


def test_the_first_frame_has_the_size_and_what_is_typed_arrives(
    front: FrontUnderTest, tmux: Tmux
) -> None:
    enter(tmux, front)
    tmux.wait_for("size=80x24")
    tmux.type("hello wörld")
    tmux.wait_for("typed=hello wörld|")
    tmux.press("C-c")
    tmux.wait_for("<ctrl+c>")
    tmux.type("q")
    tmux.wait_for("status=0")
