"""Stylesheets, read while importing: later the process may be unable to read its own files."""

from __future__ import annotations

from importlib.resources import files


def stylesheet(package: str, name: str) -> str:
    """The text of ``name.tcss`` beside the modules of `package`."""
    return files(package).joinpath(f"{name}.tcss").read_text(encoding="utf-8")
