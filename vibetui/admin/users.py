"""``user``: accounts."""

from __future__ import annotations

from typing import Any

import click

from vibetui.admin.caller import Caller, answer
from vibetui.admin.keys import key_as_json
from vibetui.admin.options import as_json, yes
from vibetui.admin.words import counted, iso, shown
from vibetui.core.administration import AccountInfo
from vibetui.model import UserRole

_name = click.argument("name")


@click.group(no_args_is_help=False)
def user() -> None:
    """Accounts and their public keys."""


@user.command("list")
@as_json
@click.pass_obj
async def list_users(caller: Caller, as_json: bool) -> None:
    """List the accounts with their keys."""
    async with caller.administration() as administration:
        listed = await administration.accounts()
    lines = [line for account in listed for line in _lines(account)]
    await answer(caller, as_json, [_as_json(account) for account in listed], *lines)
    if not listed and not as_json:
        await caller.remark("No accounts yet. Add one: vibetui user add NAME --key FILE")


@user.command("add")
@_name
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    required=True,
    help="File of OpenSSH public keys, a line each; - reads standard input.",
)
@as_json
@click.pass_obj
async def add(caller: Caller, name: str, key_file: str, as_json: bool) -> None:
    """Add the account NAME, or more keys to it."""
    lines = await caller.read_text(key_file)
    async with caller.administration() as administration:
        keys = await administration.add_account(name, lines)
    said = [f"{name}: {key.fingerprint} {key.comment}".rstrip() for key in keys]
    data = {"name": name, "keys": [key_as_json(key) for key in keys]}
    await answer(caller, as_json, data, *said)


@user.command("remove")
@_name
@yes
@as_json
@click.pass_obj
async def remove(caller: Caller, name: str, yes: bool, as_json: bool) -> None:
    """Remove the account NAME and its keys; refused while it has sessions."""
    if not yes:
        await caller.confirm(f"Remove the account {name} and its keys?")
    async with caller.administration() as administration:
        await administration.remove_account(name)
    await answer(caller, as_json, {"name": name}, f"{name} is removed.")


@user.command("role")
@_name
@click.argument("role", type=click.Choice([str(role) for role in UserRole]))
@as_json
@click.pass_obj
async def role(caller: Caller, name: str, role: str, as_json: bool) -> None:
    """Make NAME an administrator (admin), or an ordinary user."""
    async with caller.administration() as administration:
        changed = await administration.set_role(name, UserRole(role))
    what = "an administrator" if changed.role is UserRole.ADMIN else "an ordinary user"
    data = {"name": changed.name, "role": str(changed.role)}
    await answer(caller, as_json, data, f"{name} is {what} now.")


@user.command("password")
@_name
@click.option("--stdin", is_flag=True, help="Read it from standard input, a line.")
@click.option("--remove", is_flag=True, help="Take the password away.")
@as_json
@click.pass_obj
async def password(caller: Caller, name: str, stdin: bool, remove: bool, as_json: bool) -> None:
    """Give NAME a password of 12 characters or more, for servers with password_login."""
    secret = None
    if stdin:
        secret = (await caller.read_text("-")).partition("\n")[0].removesuffix("\r")
    elif not remove:
        secret = await caller.read_secret("Password")
    async with caller.administration() as administration:
        await administration.set_password(name, secret)
    said = f"{name} has no password now." if secret is None else f"{name} has a new password."
    await answer(caller, as_json, {"name": name, "has_password": secret is not None}, said)


@user.command("totp")
@_name
@click.option("--remove", is_flag=True, help="Ask for no code any more.")
@as_json
@click.pass_obj
async def totp(caller: Caller, name: str, remove: bool, as_json: bool) -> None:
    """Ask NAME for a code of an authenticator app at every login from now on."""
    async with caller.administration() as administration:
        if remove:
            await administration.remove_second_factor(name)
            data: dict[str, Any] = {"name": name, "has_second_factor": False}
            await answer(caller, as_json, data, f"{name} is asked for no code any more.")
            return
        made = await administration.new_second_factor(name)
    await answer(
        caller,
        as_json,
        {"name": name, "has_second_factor": True, "secret": made.secret, "uri": made.uri},
        f"Secret: {made.secret}",
        made.uri,
        f"{name} needs it, or the line below it as a QR code, for their authenticator app.",
        "It can't be shown again.",
    )


def _lines(account: AccountInfo) -> list[str]:
    facts = [
        *(["administrator"] if account.user.role is UserRole.ADMIN else []),
        counted(account.sessions, "session"),
        *(["password"] if account.has_password else []),
        *(["second factor"] if account.has_second_factor else []),
        f"last login {shown(account.last_login)}" if account.last_login else "never logged in",
    ]
    keys = [f"  {key.fingerprint} {key.algorithm} {key.comment}".rstrip() for key in account.keys]
    return [f"{account.user.name} ({', '.join(facts)})", *keys]


def _as_json(account: AccountInfo) -> dict[str, Any]:
    return {
        "name": account.user.name,
        "user_id": account.user.user_id,
        "role": str(account.user.role),
        "created_at": account.user.created_at.isoformat(),
        "sessions": account.sessions,
        "has_password": account.has_password,
        "has_second_factor": account.has_second_factor,
        "last_login": iso(account.last_login),
        "keys": [key_as_json(key) for key in account.keys],
    }
