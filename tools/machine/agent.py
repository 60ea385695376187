"""The container agent, compiled anew where its sources are newer than what lies there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.machine.paths import CHECKOUT
from tools.machine.report import step
from vibetui.agent.binary import MACHINES, binary_path
from vibetui.errors import VibeError

AGENT = CHECKOUT / "vibetui" / "agent"


def ensure() -> None:
    """Build it if need be; silent where there is nothing to do.

    Raises:
        VibeError: it did not compile; the compiler's words are in the hint.
    """
    if _is_up_to_date():
        return
    with step("agent") as current:
        current.doing("compiling it")
        result = subprocess.run(
            [sys.executable, "-m", "vibetui.agent.build"],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise VibeError("The container agent did not compile.", result.stderr[-2000:])
        current.outcome = f"compiled for {' and '.join(MACHINES)}"


def _is_up_to_date() -> bool:
    sources = [AGENT / "build.py", *(AGENT / "src").rglob("*.[ch]")]
    try:
        oldest = min(binary_path(machine).stat().st_mtime for machine in MACHINES)
    except VibeError:
        return False
    return oldest > max(_changed(path) for path in sources)


def _changed(path: Path) -> float:
    return path.stat().st_mtime
