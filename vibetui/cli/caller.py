"""The operator at the command line, as the administrators' commands see them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vibetui.cli.loading import load_settings
from vibetui.errors import Invalid
from vibetui.inert import printable

if TYPE_CHECKING:
    from vibetui.core.administration import Administration, OwnKeys


class Operator:
    """Implements `vibetui.admin.Caller`."""

    async def own_keys(self) -> OwnKeys | None:
        return None

    def administration(
        self, *, engine: bool = False
    ) -> AbstractAsyncContextManager[Administration]:
        from vibetui.cli import accounts

        return accounts.administration(load_settings(), engine=engine)

    async def print_lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            click.echo(printable(line))

    async def remark(self, sentence: str) -> None:
        click.echo(printable(sentence), err=True)

    async def confirm(self, question: str) -> None:
        click.confirm(question, abort=True)

    async def read_secret(self, prompt: str) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        entered: str = click.prompt(prompt, hide_input=True, confirmation_prompt=True)
        return entered

    async def read_text(self, file: str) -> str:
        try:
            return await asyncio.to_thread(_read, file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise Invalid(f"{file!r} can't be read: {reason}.") from error


def _read(file: str) -> str:
    return sys.stdin.read() if file == "-" else Path(file).read_text()
