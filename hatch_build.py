"""Hatchling's hook: a wheel, and an editable install, contain the compiled agent."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AgentBuildHook(BuildHookInterface[Any]):
    """Compiles vibe-agent; the wheel stays pure, for the binaries run in containers only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        sys.path.insert(0, self.root)
        try:
            from vibetui.agent.build import build
            from vibetui.errors import VibeError
        finally:
            sys.path.remove(self.root)
        try:
            build()
        except VibeError as error:
            raise RuntimeError(f"{error.message}\n{error.hint}") from error
        build_data["artifacts"].append("vibetui/agent/bin/vibe-agent-*")
