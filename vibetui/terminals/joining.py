"""Which terminal of a container is attached to, and how much of its past that brings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog

from vibetui.agent import AgentConnection, TerminalSpec
from vibetui.events import EventCode
from vibetui.settings import Settings
from vibetui.terminals.emulators import make_emulator
from vibetui.terminals.protocol import Emulator

log = structlog.get_logger(__name__)

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    # The terminfo entry that every image has, and the one locale that needs none installed.
    {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
)
REPLAY_BYTES: Mapping[str, int] = MappingProxyType({"ghostty": 1 << 20, "pyte": 64 << 10})
"""So that a screen is there within 100 ms: of coloured text this takes ghostty 70 ms, pyte 50."""


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """How terminals are emulated."""

    emulator: str = "auto"
    scrollback_lines: int = 10_000

    @classmethod
    def of(cls, settings: Settings) -> TerminalSettings:
        return cls(settings.emulator, settings.scrollback_lines)

    def emulator_of(self, rows: int, columns: int) -> Emulator:
        """An empty one."""
        return make_emulator(self.emulator, rows, columns, self.scrollback_lines)


async def first_running(connection: AgentConnection) -> int | None:
    """The oldest terminal whose program hasn't ended."""
    running = [info for info in await connection.list_terminals() if info.running]
    return running[0].terminal if running else None


async def open_new(connection: AgentConnection, spec: TerminalSpec, size: tuple[int, int]) -> int:
    """Start a program on a new terminal of `size` (rows, columns); its number.

    `ENVIRONMENT` is under the one of `spec`.
    """
    (rows, columns), env = size, {**ENVIRONMENT, **spec.env}
    began = time.monotonic()
    terminal = await connection.open_terminal(replace(spec, env=env, rows=rows, columns=columns))
    took = round((time.monotonic() - began) * 1e3, 1)
    log.info(EventCode.PTY_CREATED, terminal=terminal, rows=rows, columns=columns, ms=took)
    return terminal
