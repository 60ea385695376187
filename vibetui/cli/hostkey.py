"""``vibetui hostkey``: what clients recognise the server by, and how it changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from vibetui.cli.loading import load_settings, print_json

if TYPE_CHECKING:
    from sshd.host_keys import HostKey
    from vibetui.settings import Settings


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--sshfp", "host", metavar="HOST", help="As DNS records for this host name.")
@click.pass_context
def hostkey(context: click.Context, as_json: bool, host: str | None) -> None:
    """Show the server's host keys and their fingerprints.

    Beside the keys in use there are, for a while, the next ones: see rotate.
    """
    if context.invoked_subcommand is not None:
        return
    from sshd.host_key_rotation import next_keys
    from sshd.host_keys import ensure_host_keys
    from sshd.sshfp import sshfp_records

    directory = load_settings().host_keys_path
    used, following = ensure_host_keys(directory), next_keys(directory)
    if host is not None:
        records = sshfp_records(host, used + following)
        print_json(records) if as_json else click.echo("\n".join(records))
    elif as_json:
        print_json([_as_json(key, key in following) for key in used + following])
    else:
        _show(used)
        _show(following, " (next)")


@hostkey.command("rotate")
@click.option("--finish", is_flag=True, help="Use the next keys instead of the present ones.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rotate(finish: bool, yes: bool) -> None:
    """Make the next host keys, which the server announces beside its own.

    OpenSSH's clients learn them when they connect (UpdateHostKeys). When they have had time to,
    say --finish: the next keys are then used, and a client that hasn't been here meanwhile is
    warned. Either takes effect when the server starts again.
    """
    from sshd import host_key_rotation as rotation

    settings = load_settings()
    if finish and not yes and rotation.next_keys(settings.host_keys_path):
        click.confirm(
            "Clients that haven't learnt the next keys will be warned. Go on?", abort=True
        )
    change = rotation.finish if finish else rotation.rotate
    keys = change(settings.host_keys_path)
    asyncio.run(_audit(settings, keys, "finished" if finish else "announced"))
    _show(keys, "" if finish else " (next)")
    click.echo("Restart the server: it takes these up when it starts.", err=True)


async def _audit(settings: Settings, keys: list[HostKey], step: str) -> None:
    from vibetui.cli.accounts import opened_store
    from vibetui.core.accounts import operator_name
    from vibetui.events import EventCode

    detail = {
        "by": operator_name(),
        "step": step,
        "fingerprints": [key.fingerprint for key in keys],
    }
    async with opened_store(settings) as store:
        await store.audit(EventCode.HOSTKEY_ROTATED, detail=detail)


def _show(keys: list[HostKey], remark: str = "") -> None:
    for key in keys:
        click.echo(f"{key.algorithm} {key.fingerprint}{remark}")


def _as_json(key: HostKey, following: bool) -> dict[str, object]:
    return {
        "algorithm": key.algorithm,
        "fingerprint": key.fingerprint,
        "path": key.path,
        "next": following,
    }
