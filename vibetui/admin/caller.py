"""Whoever has typed a command: where its answer goes, and where a secret comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from vibetui.core.administration import Administration, OwnKeys


class Caller(Protocol):
    """What the commands work with; what they print is made inert by it."""

    async def own_keys(self) -> OwnKeys | None:
        """None for the operator, who is nobody's account."""
        ...

    def administration(
        self, *, engine: bool = False
    ) -> AbstractAsyncContextManager[Administration]:
        """Whether they may use it is found out by asking it.

        Args:
            engine: Something is to be done to containers.
        """
        ...

    async def print_lines(self, lines: Sequence[str]) -> None:
        """To standard output."""
        ...

    async def remark(self, sentence: str) -> None:
        """To standard error."""
        ...

    async def confirm(self, question: str) -> None:
        """Return if they mean it. Raises `Invalid` or `click.Abort`."""
        ...

    async def read_secret(self, prompt: str) -> str:
        """A line from standard input; asked for, twice and unseen, where that is a terminal."""
        ...

    async def read_text(self, file: str) -> str:
        """What is in `file`; ``-``: in standard input. Raises `Invalid`."""
        ...


async def answer(caller: Caller, as_json: bool, data: Any, *lines: str) -> None:
    """`data` as JSON, or `lines` for a person."""
    if as_json:
        # ASCII, so that nothing in it can steer a terminal.
        lines = tuple(json.dumps(data, indent=2).splitlines())
    await caller.print_lines(lines)
