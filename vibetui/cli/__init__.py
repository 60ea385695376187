"""The command line: the local app, the server and its supervisor, users and keys."""

from vibetui.cli.commands import main

__all__ = ["main"]
