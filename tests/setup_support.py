"""Setup's notes and caches in a directory of a test's own, so that the checkout's stay true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.machine import base_image, dockerd, engine, state


def keep_notes_in(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have setup write to `directory` in place of `.cache`."""
    monkeypatch.setattr(state.save, "__defaults__", (directory / "machine.json",))
    monkeypatch.setattr(state.load, "__defaults__", (directory / "machine.json",))
    monkeypatch.setattr(engine, "ENGINE_URL", directory / "engine-url")
    monkeypatch.setattr(dockerd, "DOCKERD_LOG", directory / "dockerd.log")
    monkeypatch.setattr(base_image, "IMAGE_CACHE", directory)
