"""The administrators' commands by ssh, and everybody's about their own keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from vibetui.admin import COMMANDS
from vibetui.core.administration import Administration, OwnKeys
from vibetui.core.administration.client import administration_over, own_keys_over
from vibetui.errors import Invalid

if TYPE_CHECKING:
    from sshd.channels.lobby import LobbyWork

_MOST_INPUT = 64 * 1024
"""Bytes of keys or a password, of which there can't sensibly be more."""

VERBS = click.Group(commands=list(COMMANDS.values()), context_settings={"help_option_names": []})
"""As `COMMANDS`, for a context whose object is a `RemoteCaller`."""


def verb_of(words: Sequence[str]) -> str:
    """What is audited of a command: its verbs and none of its arguments."""
    command = COMMANDS.get(words[0])
    known = isinstance(command, click.Group) and len(words) > 1 and words[1] in command.commands
    return f"{words[0]} {words[1]}" if known else words[0]


class RemoteCaller:
    """Implements `vibetui.admin.Caller` for one channel. The core decides what they may do."""

    def __init__(self, work: LobbyWork) -> None:
        self._work = work

    async def own_keys(self) -> OwnKeys:
        return own_keys_over((await self._work.visit.core()).channel)

    @asynccontextmanager
    async def administration(self, *, engine: bool = False) -> AsyncIterator[Administration]:
        del engine  # The server's core has one.
        yield administration_over((await self._work.visit.core()).channel)

    async def print_lines(self, lines: Sequence[str]) -> None:
        await self._work.print_text(lines)

    async def remark(self, sentence: str) -> None:
        self._work.say(sentence)

    async def confirm(self, question: str) -> None:
        raise Invalid(question, "If you mean it, add --yes.")

    async def read_secret(self, prompt: str) -> str:
        del prompt  # Nobody is asked: it comes from a script.
        return (await self._input(b"\n")).partition("\n")[0].removesuffix("\r")

    async def read_text(self, file: str) -> str:
        if file != "-":
            raise Invalid(
                "A file of yours can't be read by its name over ssh.",
                "Send it instead: ssh vibe@HOST … - < FILE",
            )
        return await self._input()

    async def _input(self, end: bytes | None = None) -> str:
        """What the client sends, until `end` or the end of it."""
        data = b""
        while not (end is not None and end in data) and (piece := await self._work.read()):
            data += piece
            if len(data) > _MOST_INPUT:
                raise Invalid("That is more than was asked for.")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise Invalid("That is no text.") from error
