"""Where the compiled agent is."""

from __future__ import annotations

import platform
from pathlib import Path

from vibetui.errors import VibeError

BINARIES = Path(__file__).parent / "bin"
MACHINES = ("x86_64", "aarch64")
_ALIASES = {"amd64": "x86_64", "arm64": "aarch64"}


def binary_path(machine: str | None = None) -> Path:
    """The static Linux executable for `machine` (default: this one; Docker's names are known).

    Raises `VibeError` where there is none for it, or where it hasn't been built.
    """
    wanted = (machine or platform.machine()).lower()
    wanted = _ALIASES.get(wanted, wanted)
    if wanted not in MACHINES:
        raise VibeError(
            f"There is no container agent for {wanted} machines.",
            f"Use an engine on {' or '.join(MACHINES)}.",
        )
    path = BINARIES / f"vibe-agent-{wanted}"
    if not path.is_file():
        raise VibeError("The container agent has not been built.", "Run `make setup`.")
    return path
