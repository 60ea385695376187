"""The ``vibetui`` command and its subcommands. Imports are late: ``--help`` must be quick."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import click

from vibetui import __version__
from vibetui.admin import COMMANDS
from vibetui.cli.caller import Operator
from vibetui.cli.hostkey import hostkey
from vibetui.cli.loading import load_settings, print_json
from vibetui.cli.terminal_dump import terminal_dump
from vibetui.errors import VibeError


class _Group(click.Group):
    """Shows a `VibeError` as its sentence and its hint, with exit status 1.

    What a command returns as a coroutine is run.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            done = super().invoke(ctx)
            return asyncio.run(done) if isinstance(done, Coroutine) else done
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
    ctx.obj = Operator()
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


for command in COMMANDS.values():
    main.add_command(command)
main.add_command(hostkey)
main.add_command(terminal_dump)
