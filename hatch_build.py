"""Hatchling's hook: a wheel, and an editable install, contain the compiled agent."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AgentBuildHook(BuildHookInterface[Any]):
    """Compiles vibe-agent; the wheel stays pure, for the binaries run in containers only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        try:
            from vibetui.agent.build import build
        finally:
            sys.path.remove(self.root)
        build()
        build_data["artifacts"].append("vibetui/agent/bin/vibe-agent-*")
