"""What the SDK and aiohttp raise, turned into our errors: the one place that knows both."""

from __future__ import annotations

import asyncio

import aiohttp
import requests
from docker.errors import APIError, DockerException

from vibetui.errors import EngineError, EngineUnavailable

_START_HINT = "Start it (systemctl start docker) and try again."


def unavailable(url: str, cause: BaseException) -> EngineUnavailable:
    """The engine at `url` can't be reached; the hint depends on why."""
    chain = _causes(cause)
    if any(isinstance(error, PermissionError) for error in chain):
        return EngineUnavailable(
            f"The container engine at {url} refuses this account.",
            "Add the account to the docker group, then log in again.",
        )
    if any(isinstance(error, requests.Timeout | TimeoutError) for error in chain):
        return EngineUnavailable(
            f"The container engine at {url} does not answer.",
            "See whether it hangs (docker info), restart it, and try again.",
        )
    return EngineUnavailable(f"The container engine at {url} is not running.", _START_HINT)


def translate(error: Exception, url: str) -> EngineError:
    """An SDK or aiohttp exception as ours. An API refusal carries the engine's own words."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, APIError):
        return EngineError(explanation(error))
    if isinstance(
        error,
        requests.ConnectionError
        | requests.Timeout
        | DockerException
        | OSError
        | asyncio.TimeoutError,
    ):
        return unavailable(url, error)
    if isinstance(error, aiohttp.ClientError):
        return unavailable(url, error)
    return EngineError(f"The container engine answered nonsense: {error}")


def explanation(error: APIError) -> str:
    """The engine's sentence, without the SDK's wrapping of status and URL."""
    text = str(error.explanation or error).strip().rstrip(".")
    return f"The container engine refused: {text}."


def _causes(error: BaseException) -> list[BaseException]:
    """The error and all that it wraps: requests hides the OSError in `args`, not in a cause."""
    found: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        item = pending.pop()
        if not isinstance(item, BaseException) or item in found:
            continue
        found.append(item)
        pending += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found
