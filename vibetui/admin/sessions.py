"""``session`` and ``template``: everybody's sessions from outside, and what they are made from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from vibetui.admin.caller import Caller, answer
from vibetui.admin.options import as_json, yes
from vibetui.admin.words import aligned, iso, shown
from vibetui.errors import Invalid
from vibetui.model import Session

_SHORT_ID = 12
"""As the engine's own tools abbreviate it."""

_reference = click.argument("reference", metavar="OWNER+NAME")


@click.group(no_args_is_help=False)
def session() -> None:
    """Everybody's sessions."""


@session.command("list")
@as_json
@click.pass_obj
async def list_sessions(caller: Caller, as_json: bool) -> None:
    """List all sessions, by owner."""
    async with caller.administration() as administration:
        found = await administration.sessions()
    rows = [("SESSION", "STATUS", "CONTAINER", "TEMPLATE", "LAST USED")]
    rows += [
        (
            f"{each.owner}+{each.name}",
            str(each.status),
            (each.container_id or "-")[:_SHORT_ID],
            each.template,
            shown(each.last_used_at),
        )
        for each in found
    ]
    await answer(caller, as_json, [_as_json(each) for each in found], *aligned(rows))


@session.command("stop")
@_reference
@as_json
@click.pass_obj
async def stop(caller: Caller, reference: str, as_json: bool) -> None:
    """Stop a session's container; its /workspace stays."""
    owner, name = _split(reference)
    async with caller.administration(engine=True) as administration:
        stopped = await administration.stop_session(owner, name)
    await answer(caller, as_json, _as_json(stopped), f"{reference} has stopped.")


@session.command("rm")
@_reference
@yes
@as_json
@click.pass_obj
async def rm(caller: Caller, reference: str, yes: bool, as_json: bool) -> None:
    """Remove a session, with its container and everything in its /workspace."""
    owner, name = _split(reference)
    if not yes:
        await caller.confirm(f"Remove {reference} with everything in its /workspace, for good?")
    async with caller.administration(engine=True) as administration:
        await administration.remove_session(owner, name)
    await answer(caller, as_json, {"owner": owner, "name": name}, f"{reference} is removed.")


@click.group(no_args_is_help=False)
def template() -> None:
    """What sessions are made from."""


@template.command("list")
@as_json
@click.pass_obj
async def list_templates(caller: Caller, as_json: bool) -> None:
    """List the templates, the default one first; settings say what there are."""
    async with caller.administration() as administration:
        found = await administration.templates()
    rows = [("NAME", "IMAGE", "MEMORY", "CPUS", "DESCRIPTION")]
    rows += [
        (
            each.name,
            each.image,
            f"{each.memory_bytes >> 20} MiB",
            f"{each.cpus:g}",
            each.description,
        )
        for each in found
    ]
    await answer(caller, as_json, [asdict(each) for each in found], *aligned(rows))


def _split(reference: str) -> tuple[str, str]:
    owner, _, name = reference.partition("+")
    if not owner or not name:
        raise Invalid("Say whose session it is.", "For example: ada+web")
    return owner, name


def _as_json(session: Session) -> dict[str, Any]:
    return {
        "owner": session.owner,
        "name": session.name,
        "session_id": session.session_id,
        "status": str(session.status),
        "container_id": session.container_id,
        "template": session.template,
        "created_at": iso(session.created_at),
        "last_used_at": iso(session.last_used_at),
    }
