"""How far a pull is, truly: bytes over the known bytes of all layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vibetui.engines.protocol import PullProgress

_ARRIVED = {"Verifying Checksum", "Download complete", "Extracting", "Pull complete"}
_ON_ITS_WAY = {"Pulling fs layer", "Waiting", "Downloading"}


class PullMeter:
    """Adds up what Docker reports of each layer.

    The fraction stays None until every layer that was announced has said its size, and never
    goes down: layers that announce themselves late would otherwise pull the bar back.
    """

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._arrived: dict[str, int] = {}
        self._announced: set[str] = set()
        self._complete: set[str] = set()
        self._fraction: float | None = None

    def feed(self, line: Mapping[str, Any]) -> PullProgress:
        """Take one line of ``/images/create`` and say where the pull stands."""
        layer, status = str(line.get("id", "")), str(line.get("status", ""))
        detail = line.get("progressDetail") or {}
        if layer and status in _ON_ITS_WAY:
            self._announced.add(layer)
        if status == "Downloading" and detail.get("total"):
            self._sizes[layer] = int(detail["total"])
            self._arrived[layer] = min(int(detail.get("current", 0)), self._sizes[layer])
        elif status in _ARRIVED and layer in self._announced:
            self._complete.add(layer)
            self._arrived[layer] = self._sizes.get(layer, 0)
        return PullProgress(self._measure(), self._describe(status))

    def _measure(self) -> float | None:
        unknown = self._announced - self._sizes.keys() - self._complete
        total = sum(self._sizes.values())
        if total and not unknown:
            fraction = sum(self._arrived.values()) / total
            self._fraction = max(self._fraction or 0.0, fraction)
        return self._fraction

    def _describe(self, status: str) -> str:
        if not self._announced:
            return status
        total, arrived = sum(self._sizes.values()), sum(self._arrived.values())
        layers = f"{len(self._complete)} of {len(self._announced)} layers"
        return f"{layers}, {arrived / 1e6:.0f} of {total / 1e6:.0f} MB" if total else layers
