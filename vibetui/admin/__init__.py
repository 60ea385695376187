"""The administrators' commands, the same on the server's machine and by ssh."""

from __future__ import annotations

from vibetui.admin.caller import Caller
from vibetui.admin.commands import COMMANDS, HELP_FOR_ADMINISTRATORS, HELP_FOR_EVERYBODY

__all__ = ["COMMANDS", "HELP_FOR_ADMINISTRATORS", "HELP_FOR_EVERYBODY", "Caller"]
