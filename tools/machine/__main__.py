"""`python -m tools.machine setup|clean`: what the Makefile calls."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from tools.machine import agent, base_image, clean, debian, engine
from tools.machine.paths import CACHE
from tools.machine.report import step
from vibetui.errors import VibeError

TEST_PROGRAMS = {
    "tmux": "tmux",
    "ssh": "openssh-client",
    "git": "git",
    "ip": "iproute2",
    "rsync": "rsync",
    "dbclient": "dropbear-bin",
    "plink": "putty-tools",
}
"""What the tests run beside the product: the program, and the Debian package that has it."""
EMULATOR = ("qemu-aarch64-static", "qemu-user-static")
"""Runs the other machine's agent. Its test is skipped where this is missing, but for CI's."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.machine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    setup = commands.add_parser("setup", help="an engine and the base image")
    setup.add_argument("--tests", action="store_true", help="and the programs that tests need")
    commands.add_parser("clean", help="undo it").add_argument("--force", action="store_true")
    arguments = parser.parse_args()

    # So that what a step holds (a build directory, a half-started daemon) is let go of.
    signal.signal(signal.SIGTERM, _terminated)
    CACHE.mkdir(exist_ok=True)
    try:
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if arguments.command == "clean":
                clean.run(force=arguments.force)
            else:
                _setup(tests=arguments.tests)
    except VibeError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _setup(*, tests: bool) -> None:
    if tests:
        _test_programs()
        _emulator()
    agent.ensure()
    if os.environ.get("ENGINE") == "none":
        if os.environ.get("CI") == "true":
            raise VibeError("In CI the engine is a must.", "Unset ENGINE.")
        return
    with step("engine") as current:
        found = engine.ensure(current)
    with step("base image") as current:
        base_image.ensure(current, found)


def _test_programs() -> None:
    missing = [package for name, package in TEST_PROGRAMS.items() if not debian.find_program(name)]
    if not missing:
        return
    with step("test tools") as current:
        if not debian.can_install():
            raise VibeError(f"The tests need {', '.join(missing)}.", "Please install them.")
        current.doing(f"installing {', '.join(missing)}")
        debian.install(missing)
        current.outcome = f"{', '.join(missing)} installed"


def _emulator() -> None:
    name, package = EMULATOR
    if debian.find_program(name) or not debian.can_install():
        return
    with step("emulator") as current:
        current.doing(f"installing {package}")
        try:
            debian.install([package])
        except VibeError as error:
            current.outcome = f"the aarch64 agent is not tested: {error.message}"
        else:
            current.outcome = f"{package} installed"


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
