"""Where setup keeps what it makes, all of it inside the checkout and outside git."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".cache"
STATE = CACHE / "machine.json"
"""What setup did to this machine."""
ENGINE_URL = CACHE / "engine-url"
"""The address of the engine that setup found, for the Makefile."""
IMAGE_CACHE = CACHE / "base-image"
DOCKERD_LOG = CACHE / "dockerd.log"
