"""Errors as JSON, and who may connect: what every app of the core's API has around its routes."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from vibetui.core.channel import CLIENT_HEADER
from vibetui.core.server.peer import peer_uid
from vibetui.core.wire import Json
from vibetui.errors import (
    Conflict,
    CoreUnavailable,
    Denied,
    EngineUnavailable,
    Invalid,
    NotFound,
    VibeError,
)
from vibetui.origin import begin_request

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_ADDRESS = 64

_STATUS: tuple[tuple[type[VibeError], int], ...] = (
    (NotFound, 404),
    (Invalid, 400),
    (Conflict, 409),
    (Denied, 403),
    (EngineUnavailable, 503),
    (CoreUnavailable, 503),
)


def error_json(error: BaseException, where: str) -> Json:
    """What the client is told. What nobody foresaw goes to the log and is told in one sentence."""
    if isinstance(error, VibeError):
        if error.__cause__ is not None:
            log.info("core.error", where=where, message=error.message, cause=repr(error.__cause__))
        return error.to_json()
    log.error("core.failed", where=where, exc_info=error)
    return VibeError(
        "Something went wrong in the server's core.", "The cause is in the server's log."
    ).to_json()


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No answer of the API is anything but JSON."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        unknown = NotFound("There is no such thing.")
        return web.json_response(error_json(unknown, request.path), status=error.status)
    except Exception as error:
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        return web.json_response(error_json(error, request.path), status=status)


@web.middleware
async def from_client(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note for the audit trail where the user is, as the process says that asks for them."""
    address = request.headers.get(CLIENT_HEADER)
    begin_request(None if address is None else address[:_LONGEST_ADDRESS])
    return await handler(request)


@web.middleware
async def only_this_account(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse everybody but root and the account that runs the core, whatever the file's mode."""
    peer = peer_uid(request)
    if peer not in (0, os.getuid()):
        log.warning("core.refused", uid=peer)
        raise Denied("This core belongs to another account.")
    return await handler(request)


async def body_of(request: web.Request) -> Json:
    """The request's JSON object. Raises `Invalid`."""
    try:
        data = await request.json()
    except ValueError as error:
        raise Invalid("The request is not JSON.") from error
    if not isinstance(data, dict):
        raise Invalid("The request is not a JSON object.")
    return data


def text_of(data: Json, key: str) -> str:
    """A member that must be a string. Raises `Invalid`."""
    value = data.get(key)
    if not isinstance(value, str):
        raise Invalid(f"The request lacks “{key}”.")
    if not _is_text(value):
        raise Invalid(f"“{key}” is not text.")
    return value


def _is_text(value: str) -> bool:
    """Whether it is Unicode: JSON can say half of a surrogate pair, which no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
