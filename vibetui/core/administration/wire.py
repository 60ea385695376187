"""The methods of a protocol as requests: both ends read names and types off the protocol itself."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from vibetui.core.wire import Json
from vibetui.errors import Invalid


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Attributes:
        arguments: By name, in order.
        answer: Of the result, or of each item where `streaming`.
    """

    name: str
    arguments: dict[str, TypeAdapter[Any]]
    answer: TypeAdapter[Any]
    streaming: bool

    def packed(self, *values: Any, **named: Any) -> Json:
        """Arguments as JSON. Raises `TypeError` where they aren't what the method takes."""
        parameters = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for name in self.arguments
        ]
        bound = inspect.Signature(parameters).bind(*values, **named)
        return {
            name: self.arguments[name].dump_python(value, mode="json")
            for name, value in bound.arguments.items()
        }

    def unpacked(self, data: Any) -> dict[str, Any]:
        """The inverse of `packed`. Raises `Invalid`."""
        if not isinstance(data, dict) or data.keys() != self.arguments.keys():
            raise Invalid("The request lacks an argument, or has one too many.")
        try:
            return {
                name: adapter.validate_python(data[name])
                for name, adapter in self.arguments.items()
            }
        except ValidationError:
            # The cause of an error is logged, and this one's text has the argument in it.
            raise Invalid("An argument of the request is not of its type.") from None


def methods_of(protocol: type) -> dict[str, Method]:
    """The public methods of `protocol`, by name."""
    found = inspect.getmembers(protocol, inspect.isfunction)
    return {name: _method(name, of) for name, of in found if not name.startswith("_")}


def _method(name: str, function: Any) -> Method:
    hints = get_type_hints(function)
    returned = hints.pop("return")
    streaming = get_origin(returned) is AsyncIterator
    if streaming:
        (returned,) = get_args(returned)
    arguments = {argument: TypeAdapter(kind) for argument, kind in hints.items()}
    return Method(name, arguments, TypeAdapter(returned), streaming)
