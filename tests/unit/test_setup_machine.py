"""What setup remembers of this machine and what clean dares to stop."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.setup_support import keep_notes_in
from tools.machine import clean, dockerd, engine, state
from tools.machine.report import Step
from tools.machine.state import Daemon, MachineState
from vibetui.errors import VibeError

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    keep_notes_in(tmp_path, monkeypatch)
    return tmp_path


def machine_bridge() -> list[str]:
    command = ["ip", "-brief", "address", "show", "docker0"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()


def test_a_process_that_merely_has_our_daemons_pid_is_left_alone(
    sleeper: subprocess.Popen[bytes],
) -> None:
    ours = dockerd.identify(sleeper.pid)
    assert ours is not None
    earlier = dataclasses.replace(ours, start_ticks=ours.start_ticks - 1)
    before_a_reboot = dataclasses.replace(ours, boot_id="another")

    assert not dockerd.stop(earlier)
    assert not dockerd.stop(before_a_reboot)
    assert sleeper.poll() is None


def test_the_daemon_that_we_started_is_gone_when_stop_returns(
    sleeper: subprocess.Popen[bytes],
) -> None:
    ours = dockerd.identify(sleeper.pid)
    assert ours is not None

    assert dockerd.stop(ours)
    assert dockerd.identify(sleeper.pid) is None
    assert not dockerd.stop(ours)


def test_what_was_written_down_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "machine.json"
    made = MachineState(("docker.io", "tini"), Daemon(7, 8, "boot"), None, "sha256:1", "/root")

    assert state.load(path) == MachineState()
    state.save(made, path)
    assert state.load(path) == made
    assert [each.name for each in path.parent.iterdir()] == ["machine.json"]


def test_an_engine_that_was_named_and_does_not_answer_is_named_in_the_error(
    own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{own_state}/nobody.sock")

    with pytest.raises(VibeError, match=r"nobody\.sock does not answer") as caught:
        engine.ensure(Step("engine"))

    assert "unset DOCKER_HOST" in caught.value.hint


def test_in_ci_going_without_an_engine_is_an_error() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tools.machine", "setup"],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "CI": "true", "ENGINE": "none"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr == "In CI the engine is a must.\nUnset ENGINE.\n"


@pytest.mark.docker
def test_where_no_engine_answers_one_is_started_and_clean_stops_it(
    own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A socket's path may have 107 characters at most, which rules pytest's directories out.
    with tempfile.TemporaryDirectory(prefix="vb-") as directory:
        monkeypatch.setenv("VIBETUI_ENGINE_ROOT", directory)
        bridge = machine_bridge()
        step = Step("engine")

        found = engine.ensure(step)
        try:
            assert step.outcome.endswith(", started")
            assert found.url == f"unix://{directory}/docker.sock"
            assert engine.ensure(step) == found
            assert step.outcome.endswith(", running already")
        finally:
            # Its mounts must be gone before the directory can be.
            outcome = clean.take_engine_back(clean.Others.NOTHING)

        assert outcome == "stopped"
        assert machine_bridge() == bridge, "it must not touch the machine's own engine"
        with pytest.raises(VibeError, match="does not answer"):
            engine.ask(found.url)
        assert state.load() == MachineState()
