"""Verbs for scripts: ls, new, start, stop, rm, rename, cp, whoami, help, and `COMMANDS`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

import click
from typing_extensions import override

from sshd.channels.administration import VERBS, RemoteCaller, verb_of
from sshd.channels.work import Channel, StreamWork
from sshd.route import Request, ToLobby
from sshd.visit import Visit
from vibetui.admin import COMMANDS, HELP_FOR_ADMINISTRATORS, HELP_FOR_EVERYBODY
from vibetui.admin.words import aligned
from vibetui.errors import Invalid, OpenError
from vibetui.events import EventCode, OpenStep, StepState
from vibetui.inert import printable
from vibetui.model import Session, UserRole

_USAGE_STATUS = 2

_HELP = (
    ("ls", "your sessions and those shared with you"),
    ("new NAME [--template T]", "make a session; its container comes with the first start"),
    ("start NAME", "start it, and wait until it is ready"),
    ("stop NAME", "stop its container; /workspace stays"),
    ("rm NAME --yes", "remove it, and its /workspace"),
    ("rename NAME NEW", "call it something else"),
    ("cp NAME NEW", "copy it with its /workspace; what is being written is copied as it is then"),
    ("whoami", "the account that you are logged in to"),
    ("help", "this"),
)
_HELP_END = "Each takes --json. A session of somebody else's is OWNER+NAME."

_STEPS = {
    OpenStep.IMAGE: "Getting the image…",
    OpenStep.CREATE: "Creating the container…",
    OpenStep.START: "Starting the container…",
    OpenStep.HANDSHAKE: "Waiting for the container to say that it is ready…",
}
"""The steps of a start that are worth a line; the others take no time."""


_BETWEEN = 2.0
"""Seconds between two lines about a copy that lasts."""


class LobbyWork(StreamWork):
    """Verbs for scripts. Exit status 0; 1 where it can't be done; 2 for a mistake in the call."""

    failure_status = 1

    def __init__(self, visit: Visit, request: Request, channel: Channel, target: ToLobby) -> None:
        super().__init__(visit, request, channel)
        self._target = target

    @override
    async def main(self) -> int:
        verb, *rest = self._target.words
        if verb in COMMANDS and {"-h", "--help"}.isdisjoint(rest):
            await self.visit.audit(EventCode.LOBBY, verb=verb_of(self._target.words))
            return await self._obey(VERBS, self._target.words, RemoteCaller(self))
        if verb not in COMMANDS and _verbs.get_command(click.Context(_verbs), verb) is None:
            await self.visit.audit(EventCode.LOBBY, verb=verb)
            raise Invalid(f"“{verb}” isn't available over ssh here.", "What is: ssh vibe@HOST help")
        if not {"-h", "--help"}.isdisjoint(rest):
            verb, rest = "help", []
        return await self._obey(_verbs, (verb, *rest), self)

    async def _obey(self, verbs: click.Group, words: Sequence[str], caller: object) -> int:
        try:
            # Not `main`, which would write to the server's own streams.
            with verbs.make_context("vibetui", list(words), obj=caller) as context:
                answer = verbs.invoke(context)
        except click.ClickException as error:
            self.say(f"{words[0]}: {error.format_message()}")
            return _USAGE_STATUS
        await answer
        return 0

    async def session(self, verb: str, name: str) -> Session:
        """The one called `name`, which `verb` is about to be done to."""
        if not name:
            # A script's variable that was never set must not mean the connection's session.
            raise Invalid("The name of the session is empty.")
        session = await self.visit.session(name)
        await self.visit.audit(EventCode.LOBBY, session, verb=verb)
        return session

    async def print_text(self, lines: Sequence[str]) -> None:
        """To stdout, with line ends as the client's terminal, if any, needs them."""
        end = "\r\n" if self.request.term is not None else "\n"
        await self.write("".join(f"{printable(line)}{end}" for line in lines).encode())

    async def print_answer(self, as_json: bool, data: Any, *lines: str) -> None:
        """`data`, or `lines` for a person."""
        if as_json:
            # ASCII, so that nothing in it can steer a terminal.
            lines = tuple(json.dumps(data, indent=2).splitlines())
        await self.print_text(lines)


@click.group(context_settings={"help_option_names": []})
def _verbs() -> None:
    """Each command returns the coroutine that does it."""


_as_json = click.option("--json", "as_json", is_flag=True)
_name = click.argument("name")


@_verbs.command("ls")
@_as_json
@click.pass_obj
async def _ls(work: LobbyWork, as_json: bool) -> None:
    await work.visit.audit(EventCode.LOBBY, verb="ls")
    sessions = await (await work.visit.core()).list_sessions()
    rows = [("NAME", "STATUS", "ACCESS", "TEMPLATE", "LAST USED")]
    rows += [
        (
            session.reference,
            str(session.status),
            str(session.access),
            session.template,
            _time(session.last_used_at) or "never",
        )
        for session in sessions
    ]
    await work.print_answer(as_json, [_session_json(each) for each in sessions], *aligned(rows))


@_verbs.command("new")
@_name
@click.option("--template")
@_as_json
@click.pass_obj
async def _new(work: LobbyWork, name: str, template: str | None, as_json: bool) -> None:
    session = await (await work.visit.core()).create_session(name, template)
    await work.visit.audit(EventCode.LOBBY, session, verb="new")
    await work.print_answer(as_json, _session_json(session), f"{session.name} is made.")


@_verbs.command("start")
@_name
@_as_json
@click.pass_obj
async def _start(work: LobbyWork, name: str, as_json: bool) -> None:
    session = await work.session("start", name)
    core = await work.visit.core()
    limit = work.visit.settings.start_timeout
    said: OpenStep | None = None
    try:
        async with (
            asyncio.timeout(limit),
            aclosing(core.open_session(session.session_id)) as events,
        ):
            async for event in events:
                running = event.state is StepState.RUNNING and event.step in _STEPS
                if running and event.step is not said:
                    said = event.step
                    work.say(_STEPS[event.step])
    except TimeoutError as error:
        raise OpenError(
            f"{name} isn't ready after {limit:g} seconds.",
            "It may still get there: ssh vibe@HOST ls",
        ) from error
    session = await work.visit.session(name)
    await work.print_answer(as_json, _session_json(session), f"{session.reference} is ready.")


@_verbs.command("stop")
@_name
@_as_json
@click.pass_obj
async def _stop(work: LobbyWork, name: str, as_json: bool) -> None:
    session = await work.session("stop", name)
    session = await (await work.visit.core()).stop_session(session.session_id)
    await work.print_answer(as_json, _session_json(session), f"{session.reference} has stopped.")


@_verbs.command("rm")
@_name
@click.option("--yes", is_flag=True)
@_as_json
@click.pass_obj
async def _rm(work: LobbyWork, name: str, yes: bool, as_json: bool) -> None:
    session = await work.session("rm", name)
    if not yes:
        raise Invalid(
            f"That removes {name} with everything in its /workspace, for good.",
            "If you mean it, add --yes.",
        )
    await (await work.visit.core()).delete_session(session.session_id)
    await work.print_answer(as_json, _session_json(session), f"{session.reference} is removed.")


@_verbs.command("rename")
@_name
@click.argument("new")
@_as_json
@click.pass_obj
async def _rename(work: LobbyWork, name: str, new: str, as_json: bool) -> None:
    session = await work.session("rename", name)
    session = await (await work.visit.core()).rename_session(session.session_id, new)
    await work.print_answer(
        as_json, _session_json(session), f"{name} is called {session.reference} now."
    )


@_verbs.command("cp")
@_name
@click.argument("new")
@_as_json
@click.pass_obj
async def _cp(work: LobbyWork, name: str, new: str, as_json: bool) -> None:
    session = await work.session("cp", name)
    core = await work.visit.core()
    clock = asyncio.get_running_loop().time
    quiet_until = clock() + _BETWEEN
    made: Session | None = None
    async with aclosing(core.copy_session(session.session_id, new)) as steps:
        async for step in steps:
            made = step.session
            if made is None and clock() >= quiet_until:
                quiet_until = clock() + _BETWEEN
                work.say(f"Copied {step.copied >> 20} of about {step.total >> 20} MiB…")
    assert made is not None
    await work.print_answer(
        as_json, _session_json(made), f"{made.reference} is made, a copy of {name}."
    )


@_verbs.command("whoami")
@_as_json
@click.pass_obj
async def _whoami(work: LobbyWork, as_json: bool) -> None:
    await work.visit.audit(EventCode.LOBBY, verb="whoami")
    user = await (await work.visit.core()).whoami()
    data = {"name": user.name, "role": str(user.role), "created_at": _time(user.created_at)}
    await work.print_answer(as_json, data, user.name)


@_verbs.command("help")
@_as_json
@click.pass_obj
async def _help(work: LobbyWork, as_json: bool) -> None:
    await work.visit.audit(EventCode.LOBBY, verb="help")
    user = await (await work.visit.core()).whoami()
    known = [*_HELP, *HELP_FOR_EVERYBODY]
    if user.role is UserRole.ADMIN:
        known += HELP_FOR_ADMINISTRATORS
    data = [{"usage": usage, "about": about} for usage, about in known]
    rows = [(f"ssh vibe@HOST {usage}", about) for usage, about in known]
    await work.print_answer(as_json, data, *aligned(rows), _HELP_END)


def _session_json(session: Session) -> dict[str, str | None]:
    return {
        "name": session.name,
        "owner": session.owner or None,
        "access": str(session.access),
        "status": str(session.status),
        "template": session.template,
        "created_at": _time(session.created_at),
        "last_used_at": _time(session.last_used_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
