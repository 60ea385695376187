"""``invite``: codes with which people make accounts for themselves."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import click

from vibetui.admin.caller import Caller, answer
from vibetui.admin.options import as_json
from vibetui.admin.words import aligned, counted, duration, iso, shown
from vibetui.model import Invite


@click.group(invoke_without_command=True)
@click.option(
    "--uses", type=click.IntRange(1), default=1, show_default=True, help="So many accounts."
)
@click.option(
    "--expires", type=duration, default="24h", show_default=True, help="30m, 24h, 7d, 2w."
)
@as_json
@click.pass_context
def invite(
    context: click.Context, uses: int, expires: int, as_json: bool
) -> Coroutine[Any, Any, None] | None:
    """Make an invite code, with which somebody can make an account.

    They type it when they connect, for servers with registration = "invite".
    """
    if context.invoked_subcommand is not None:
        return None
    return _make(context.obj, uses, expires, as_json)


async def _make(caller: Caller, uses: int, expires: int, as_json: bool) -> None:
    async with caller.administration() as administration:
        made = await administration.make_invite(uses, expires)
    until = shown(made.invite.expires_at)
    await answer(
        caller,
        as_json,
        {**_as_json(made.invite), "code": made.code},
        f"Code: {made.code}",
        f"Good for {counted(uses, 'account')} until {until}. It can't be shown again.",
    )
    if not made.usable:
        await caller.remark('Nobody can use it while registration is not set to "invite".')


@invite.command("list")
@as_json
@click.pass_obj
async def list_invites(caller: Caller, as_json: bool) -> None:
    """List the invitations, without their codes."""
    async with caller.administration() as administration:
        found = await administration.invites()
    rows = [("ID", "STATE", "USED", "EXPIRES", "BY")]
    rows += [
        (
            each.invite_id,
            _state(each),
            f"{each.used}/{each.uses}",
            shown(each.expires_at),
            each.made_by,
        )
        for each in found
    ]
    await answer(caller, as_json, [_as_json(each) for each in found], *aligned(rows))


@invite.command("revoke")
@click.argument("invite_id", metavar="ID")
@as_json
@click.pass_obj
async def revoke(caller: Caller, invite_id: str, as_json: bool) -> None:
    """Make the code of the invitation ID useless."""
    async with caller.administration() as administration:
        await administration.revoke_invite(invite_id)
    await answer(caller, as_json, {"invite_id": invite_id}, f"{invite_id} is revoked.")


def _state(invite: Invite) -> str:
    if invite.used >= invite.uses:
        return "used up"
    return "expired" if invite.expires_at <= datetime.now(UTC) else "open"


def _as_json(invite: Invite) -> dict[str, Any]:
    return {
        "invite_id": invite.invite_id,
        "state": _state(invite),
        "uses": invite.uses,
        "used": invite.used,
        "created_at": iso(invite.created_at),
        "expires_at": iso(invite.expires_at),
        "made_by": invite.made_by,
    }
