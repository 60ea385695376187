"""The ``vibetui`` command and its subcommands. Imports are late: ``--help`` must be quick."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, TextIO

import click

from vibetui import __version__
from vibetui.cli.hostkey import hostkey
from vibetui.cli.loading import load_settings, print_json
from vibetui.cli.terminal_dump import terminal_dump
from vibetui.errors import VibeError


class _Group(click.Group):
    """Shows a `VibeError` as its sentence and its hint, with exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VibeError as error:
            click.echo(f"vibetui: {error.message}", err=True)
            if error.hint:
                click.echo(f"  {error.hint}", err=True)
            ctx.exit(1)


@click.group(cls=_Group, invoke_without_command=True)
@click.version_option(__version__, prog_name="vibetui")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Development containers that anyone reaches with nothing but ssh.

    Without a command: the app on this terminal, for the local user.
    """
    if ctx.invoked_subcommand is None:
        from vibetui.cli.local import run_local

        ctx.exit(run_local(load_settings()))


@main.command()
@click.option("--host", help="Address to listen on; empty means every interface.")
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port of the SSH front.")
def serve(host: str | None, port: int | None) -> None:
    """Run the SSH server in the foreground until ctrl+c."""
    from vibetui.cli.supervisor import run_server

    settings = load_settings()
    changed: dict[str, Any] = {}
    if host is not None:
        changed["listen_host"] = host
    if port is not None:
        changed["listen_port"] = port
    sys.exit(run_server(settings.model_copy(update=changed)))


@main.group()
def user() -> None:
    """Accounts and their public keys."""


@user.command("add")
@click.argument("name")
@click.option(
    "--key",
    "key_file",
    type=click.File("r"),
    required=True,
    help="File of OpenSSH public keys, a line each; - reads standard input.",
)
def user_add(name: str, key_file: TextIO) -> None:
    """Add the account NAME, or more keys to it."""
    from vibetui.cli import accounts

    user, keys = asyncio.run(accounts.add(load_settings(), name, key_file.read()))
    for key in keys:
        click.echo(f"{user.name}: {key.fingerprint} {key.comment}".rstrip())


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def user_list(as_json: bool) -> None:
    """List the accounts with their keys."""
    from vibetui.cli import accounts

    listed = asyncio.run(accounts.listing(load_settings()))
    if as_json:
        print_json(listed)
        return
    for account in listed:
        click.echo(account["name"])
        for key in account["keys"]:
            click.echo(f"  {key['fingerprint']} {key['algorithm']} {key['comment']}".rstrip())
    if not listed:
        click.echo("No accounts yet. Add one: vibetui user add NAME --key FILE", err=True)


@user.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def user_remove(name: str, yes: bool) -> None:
    """Remove the account NAME and its keys; refused while it has sessions."""
    from vibetui.cli import accounts

    if not yes:
        click.confirm(f"Remove the account {name} and its keys?", abort=True)
    asyncio.run(accounts.remove(load_settings(), name))
    click.echo(f"{name} is removed.")


@main.command()
@click.argument("file")
@click.option("--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True)
@click.option("--idle-limit", type=click.FloatRange(0), help="Seconds that a pause lasts at most.")
@click.option("--resize", is_flag=True, help="Ask the terminal to take the recording's size.")
def replay(file: str, speed: float, idle_limit: float | None, resize: bool) -> None:
    """Play the recording FILE (asciicast version 2) on this terminal.

    space pauses, . goes on by one step, left and right by 5 seconds, + and - change the speed,
    q or ctrl+c leaves.
    """
    from vibetui.cli import replay as replaying

    replaying.replay(file, speed=speed, idle_limit=idle_limit, resizing=resize)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def recordings(as_json: bool) -> None:
    """List what has been recorded of all sessions, for `vibetui replay`."""
    from vibetui.cli import replay as replaying

    listed = asyncio.run(replaying.listing(load_settings()))
    if as_json:
        print_json(listed)
    else:
        replaying.show(listed)


@main.command("settings")
def show_settings() -> None:
    """Show every setting in force, and where the data live."""
    settings = load_settings()
    print_json(settings.model_dump(mode="json"))


main.add_command(hostkey)
main.add_command(terminal_dump)
