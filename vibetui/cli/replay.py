"""``vibetui replay`` and ``vibetui recordings``."""

from __future__ import annotations

import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from vibetui.cli.accounts import opened_store
from vibetui.cli.replay_keys import Keys
from vibetui.cli.replay_player import Player, timeline
from vibetui.errors import Invalid
from vibetui.recording import Cast, Event, Shelf
from vibetui.settings import Settings


def replay(file: str, *, speed: float, idle_limit: float | None, resizing: bool) -> None:
    """Play `file` on this terminal. Raises `Invalid` where it is no recording."""
    cast = Cast(Path(file))
    recorded = list(cast.events())
    events = timeline(recorded, idle_limit)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Invalid("A replay needs a terminal.", "For the text alone: asciinema cat FILE")
    source, sink = sys.stdin.fileno(), sys.stdout.fileno()
    own = os.get_terminal_size(sink)
    keys = Keys(source)
    player = Player(events, sink, keys, speed=speed, resizing=resizing)
    needed = _largest(cast, recorded)
    with _raw(source), _signals(), suppress(EOFError):
        if not resizing and (own.lines < needed[0] or own.columns < needed[1]):
            note = _too_small(needed, (own.lines, own.columns))
            os.write(sink, note.replace("\n", "\r\n").encode())
            if keys.wait(None) == "quit":
                return
        try:
            if resizing:
                player.resize(cast.header.height, cast.header.width)
            player.run()
        finally:
            player.clean()
            if resizing:
                player.resize(own.lines, own.columns)


def _largest(cast: Cast, events: list[Event]) -> tuple[int, int]:
    sizes = [(cast.header.height, cast.header.width)]
    sizes += [event.size for event in events if event.size is not None]
    return max(rows for rows, _ in sizes), max(columns for _, columns in sizes)


def _too_small(needed: tuple[int, int], own: tuple[int, int]) -> str:
    return (
        f"This recording takes {needed[1]} columns and {needed[0]} rows; this terminal has "
        f"{own[1]} and {own[0]}, so it will not look right.\n"
        "Make it larger, or press any key to play; q leaves.\n"
    )


@contextmanager
def _raw(source: int) -> Iterator[None]:
    before = termios.tcgetattr(source)
    tty.setraw(source)
    try:
        yield
    finally:
        # What has been typed, or answered by the terminal, isn't the shell's.
        termios.tcsetattr(source, termios.TCSAFLUSH, before)


@contextmanager
def _signals() -> Iterator[None]:
    """A signal that ends the process lets it clean up."""
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    before = {number: signal.signal(number, _leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


async def listing(settings: Settings) -> list[dict[str, Any]]:
    """All recordings, by session and then by time, as JSON-ready data."""
    async with opened_store(settings) as store:
        rows = await store.all_sessions()
        names = {user.user_id: user.name for user in await store.list_users()}
    return [
        {
            "session": session.name,
            "session_id": session.session_id,
            "owner": names.get(session.user_id, session.user_id),
            "path": str(kept.path),
            "bytes": kept.size,
            "written": datetime.fromtimestamp(kept.modified, UTC).isoformat(timespec="seconds"),
            "seconds": None if kept.seconds is None else round(kept.seconds, 1),
            "complete": kept.complete,
        }
        for session in rows
        for kept in Shelf(settings.recordings_dir / session.session_id).kept()
    ]


def show(listed: list[dict[str, Any]]) -> None:
    """For people."""
    for one in listed:
        plays = "" if one["seconds"] is None else f"{one['seconds']:.0f} s, "
        going_on = "" if one["complete"] else ", not complete"
        size = f"{one['bytes'] / 1024:.0f} KiB"
        click.echo(f"{one['owner']}/{one['session']}: {plays}{size}{going_on}")
        click.echo(f"  {one['path']}")
    if not listed:
        click.echo("Nothing has been recorded. In the list of sessions: R", err=True)
