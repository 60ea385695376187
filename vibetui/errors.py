"""One exception tree. A message says what happened in the user's words, a hint what to do next."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Remedy(StrEnum):
    """A way on that a screen can offer as a button."""

    RETRY = "retry"
    RECREATE = "recreate"
    SEE_LOG = "see_log"
    BACK = "back"


class VibeError(Exception):
    """Something a user should hear about.

    Args:
        message: One clear sentence about what happened.
        hint: What to do next; may be empty.
    """

    code = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_json(self) -> dict[str, Any]:
        """The form in which the core's API sends it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


class NotFound(VibeError):
    """No such thing, or not yours: the two are not distinguished."""

    code = "not_found"


class Invalid(VibeError):
    """The input can't be accepted."""

    code = "invalid"


class Conflict(VibeError):
    """It is taken, or busy."""

    code = "conflict"


class Denied(VibeError):
    """Not allowed for whoever is asking."""

    code = "denied"


class StoreError(VibeError):
    """The database can't be read or written."""

    code = "store"


class EngineError(VibeError):
    """The container engine refused or failed."""

    code = "engine"


class EngineUnavailable(EngineError):
    """The engine can't be reached at all."""

    code = "engine_unavailable"


class ImageUnavailable(EngineError):
    """The image is neither here nor to be had."""

    code = "image_unavailable"


class AgentError(VibeError):
    """The agent broke the protocol, answered ERROR, or went away."""

    code = "agent"


class SharingEnded(AgentError):
    """The owner of a session no longer lets this user see it."""

    code = "sharing_ended"

    def __init__(
        self,
        message: str = "The owner has ended the sharing of this session.",
        hint: str = "Ask them to share it again.",
    ) -> None:
        super().__init__(message, hint)


class CoreUnavailable(VibeError):
    """The core process can't be reached."""

    code = "core_unavailable"


class OpenError(VibeError):
    """A session could not be opened. `remedies` are the ways on, the best first."""

    code = "open"

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        retryable: bool = True,
        remedies: tuple[Remedy, ...] = (Remedy.RETRY, Remedy.BACK),
    ) -> None:
        super().__init__(message, hint)
        self.retryable = retryable
        self.remedies = remedies

    def to_json(self) -> dict[str, Any]:
        return {
            **super().to_json(),
            "retryable": self.retryable,
            "remedies": [str(remedy) for remedy in self.remedies],
        }


def _tree(root: type[VibeError]) -> dict[str, type[VibeError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def from_json(data: dict[str, Any]) -> VibeError:
    """The inverse of `VibeError.to_json`; an unknown code becomes a plain `VibeError`."""
    kind = _tree(VibeError).get(str(data.get("code")), VibeError)
    message, hint = str(data.get("message", "")), str(data.get("hint", ""))
    if kind is OpenError:
        return OpenError(
            message,
            hint,
            retryable=bool(data.get("retryable", True)),
            remedies=tuple(Remedy(value) for value in data.get("remedies", ())),
        )
    return kind(message, hint)
