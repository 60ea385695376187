"""`Administration` and `OwnKeys` over a socket of the core."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

from vibetui.core.administration.protocol import Administration, OwnKeys
from vibetui.core.administration.wire import Method, methods_of
from vibetui.core.channel import SLOW, Channel
from vibetui.core.wire import Json


def administration_over(channel: Channel) -> Administration:
    """For whoever the channel belongs to; everything raises `CoreUnavailable` where it is gone."""
    return cast(Administration, _Remote(channel, "admin", methods_of(Administration)))


def own_keys_over(channel: Channel) -> OwnKeys:
    """As `administration_over`."""
    return cast(OwnKeys, _Remote(channel, "own_keys", methods_of(OwnKeys)))


class _Remote:
    """Has the methods of a protocol, each of which is a request."""

    def __init__(self, channel: Channel, place: str, methods: dict[str, Method]) -> None:
        self._channel = channel
        self._place = place
        self._methods = methods

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = self._methods.get(name)
        if method is None:
            raise AttributeError(name)

        def called(*values: Any, **named: Any) -> Any:
            body = {"arguments": method.packed(*values, **named)}
            return (self._follow if method.streaming else self._call)(method, body)

        return called

    async def _call(self, method: Method, body: Json) -> Any:
        path = f"/v1/{self._place}/{method.name}"
        data = await self._channel.call("POST", path, body, deadline=SLOW, again=False)
        return method.answer.validate_python(data["result"])

    async def _follow(self, method: Method, body: Json) -> AsyncGenerator[Any, None]:
        path = f"/v1/{self._place}/{method.name}"
        async with aclosing(self._channel.stream("POST", path, body)) as items:
            async for item in items:
                yield method.answer.validate_python(item)
