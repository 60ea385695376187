"""What commands read and print: durations, moments, tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from vibetui.inert import printable

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d{1,6})([smhdw])")


def seconds_of(text: str) -> int | None:
    """``90s``, ``30m``, ``24h``, ``7d``, ``2w`` in seconds; None where it is something else."""
    found = _DURATION.fullmatch(text)
    return None if found is None else int(found[1]) * _UNITS[found[2]]


def duration(text: str) -> int:
    """Of an option, in seconds."""
    seconds = seconds_of(text)
    if seconds is None:
        raise click.BadParameter(f"{text!r} is no duration: 30m, 24h or 7d would be.")
    return seconds


def moment(text: str) -> datetime:
    """Of an option: in ISO 8601, in UTC where no zone is given; or so long ago."""
    seconds = seconds_of(text)
    if seconds is not None:
        return datetime.now(UTC) - timedelta(seconds=seconds)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no moment: 2026-01-31 would be, or 2h for two hours ago."
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def iso(moment: datetime | None) -> str | None:
    """For scripts."""
    return None if moment is None else moment.isoformat(timespec="seconds")


def shown(moment: datetime | None) -> str:
    """For a person, in UTC."""
    return "never" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def counted(number: int, noun: str) -> str:
    """``1 session``, ``2 sessions``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of a table, each column as wide as its widest cell."""
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in clean
    ]
