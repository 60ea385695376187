"""Every way in which opening a session fails, as the one sentence that its user reads."""

from __future__ import annotations

from vibetui.agent import AgentOutdated
from vibetui.errors import (
    EngineError,
    EngineUnavailable,
    ImageUnavailable,
    OpenError,
    Remedy,
    VibeError,
)


def as_open_error(error: Exception) -> OpenError:
    """Any error as what a watcher of the flight is told; the cause is for the log."""
    if isinstance(error, OpenError):
        return error
    if isinstance(error, EngineUnavailable | ImageUnavailable):
        return OpenError(error.message, error.hint)
    if isinstance(error, EngineError):
        return OpenError(
            "The container could not be started.",
            f"Recreate it: /workspace stays. ({error.message.rstrip('.')})",
            remedies=(Remedy.RECREATE, Remedy.RETRY, Remedy.BACK),
        )
    if isinstance(error, VibeError):
        return OpenError(error.message, error.hint)
    return unexpected()


def deleted() -> OpenError:
    return OpenError("This session has been deleted.", retryable=False, remedies=(Remedy.BACK,))


def no_template(name: str) -> OpenError:
    return OpenError(
        f"The template “{name}” of this session is no longer configured.",
        "Put it back into vibetui.toml, or make a new session from another template.",
    )


def strangers_container(name: str) -> OpenError:
    return OpenError(
        f"Another container is named {name}, and it isn't ours.",
        f"Rename it or remove it (docker rename {name} NEW-NAME), then try again.",
    )


def exited(code: int | None) -> OpenError:
    status = "" if code is None else f" (exit status {code})"
    return OpenError(
        f"The container stopped as soon as it started{status}.",
        "See its log, or recreate it: /workspace stays.",
        remedies=(Remedy.SEE_LOG, Remedy.RECREATE, Remedy.RETRY, Remedy.BACK),
    )


def outdated(error: AgentOutdated) -> OpenError:
    return OpenError(error.message, error.hint, remedies=(Remedy.RECREATE, Remedy.BACK))


def silent(seconds: float) -> OpenError:
    return OpenError(
        f"The container runs, but nothing in it answered within {seconds:g} seconds.",
        "Recreate it: /workspace stays, running programs are lost.",
        remedies=(Remedy.RECREATE, Remedy.RETRY, Remedy.SEE_LOG, Remedy.BACK),
    )


def no_way_in() -> OpenError:
    return OpenError(
        "The container runs, but the directory of its socket has been removed.",
        "Recreate it: /workspace stays, running programs are lost.",
        remedies=(Remedy.RECREATE, Remedy.BACK),
    )


def keeps_vanishing() -> OpenError:
    return OpenError(
        "The container was removed again and again while it was being started.",
        "Find out what removes it, then try again.",
    )


def cancelled() -> OpenError:
    return OpenError("The start was cancelled.", "Start it again whenever you like.")


def shutting_down() -> OpenError:
    return OpenError("The server is stopping.", "Connect again in a moment.")


def unexpected() -> OpenError:
    return OpenError(
        "Something went wrong that we did not expect.", "Try again; the server's log has the cause."
    )


def not_running() -> OpenError:
    return OpenError("This session isn't running.", "Start it first.")
