"""What setup did to this machine, so that clean undoes that and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path

from tools.machine.paths import STATE


@dataclass(frozen=True, slots=True)
class Daemon:
    """A `dockerd` that we started. A pid alone may be somebody else's by now."""

    pid: int
    start_ticks: int
    """Clock ticks from boot to the process's start (`/proc/PID/stat`, field 22)."""
    boot_id: str


@dataclass(frozen=True, slots=True)
class MachineState:
    """Only what is ours: what was there before is never in it."""

    packages: tuple[str, ...] = ()
    """Debian packages that were missing and that we installed."""
    daemon: Daemon | None = None
    unit: str | None = None
    """The systemd unit that we started."""
    image: str | None = None
    """The id of the base image that we brought into the engine."""
    data_root: str | None = None
    """The engine's data directory, where our installation of the engine brought it about."""


def load(path: Path = STATE) -> MachineState:
    """The state on disk; an empty one where there is none."""
    try:
        raw = json.loads(path.read_text())
    except FileNotFoundError:
        return MachineState()
    daemon = raw.get("daemon")
    return MachineState(
        packages=tuple(raw.get("packages", ())),
        daemon=Daemon(**daemon) if daemon else None,
        unit=raw.get("unit"),
        image=raw.get("image"),
        data_root=raw.get("data_root"),
    )


def save(state: MachineState, path: Path = STATE) -> None:
    """Write it down whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w") as file:
        json.dump(dataclasses.asdict(state), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
