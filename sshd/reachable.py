"""Imports that still work after root is gone, from directories that only root can reach.

A checkout or a Python under ``/root`` (0700) is common on a machine of one's own, and asyncio,
asyncssh and Textual import parts of themselves when they are first needed. A descriptor of a
directory, taken while root, leads past the directories above it; what lies below it keeps its
own permissions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


def open_code_directories() -> dict[Path, int]:
    """Descriptors of the directories that code is imported from; call it while root."""
    places = {Path(entry) for entry in (sys.prefix, sys.base_prefix)}
    places |= {Path(entry) for entry in sys.path if Path(entry).is_dir()}
    outermost = [place for place in places if not any(p in places for p in place.parents)]
    return {place: os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for place in outermost}


def import_through(directories: dict[Path, int]) -> tuple[int, ...]:
    """Import from `directories` by descriptor where their paths can't be reached any more.

    Returns the descriptors that are needed from now on; the others are closed.
    """
    lost = {}
    for place, descriptor in directories.items():
        if os.access(place, os.R_OK | os.X_OK):
            os.close(descriptor)
        else:
            lost[str(place)] = descriptor
    if lost:
        sys.meta_path.append(_ByDescriptor(lost))
    return tuple(lost.values())


class _ByDescriptor:
    """Asked last, so an import that needs no help costs nothing more."""

    def __init__(self, directories: dict[str, int]) -> None:
        self._directories = directories

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        known = [self._by_descriptor(entry) for entry in (sys.path if path is None else path)]
        entries = [entry for entry in known if entry is not None]
        return PathFinder.find_spec(name, entries, target) if entries else None

    def _by_descriptor(self, entry: str) -> str | None:
        for place, descriptor in self._directories.items():
            if entry == place or entry.startswith(f"{place}/"):
                return f"/proc/self/fd/{descriptor}{entry[len(place) :]}"
        return None
