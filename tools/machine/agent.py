"""The container agent, compiled where its sources are not those of what lies there."""

from __future__ import annotations

from tools.machine.report import step
from vibetui.agent.build import build


def ensure() -> None:
    """Compile it if need be; silent where there is nothing to do.

    Raises:
        VibeError: it did not compile; the compiler's words are in the hint.
    """
    with step("agent") as current:
        current.doing("compiling it")
        made = build()
        current.outcome = ", ".join(f"{path.name} compiled" for path in made)
