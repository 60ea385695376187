"""``audit``: the trail."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from vibetui.admin.caller import Caller, answer
from vibetui.admin.options import as_json
from vibetui.admin.words import moment
from vibetui.core.administration import AuditFilter, AuditLine

_COLUMNS = 80
_INDENT = "    "


@click.group(no_args_is_help=False)
def audit() -> None:
    """Who did what, from where, when."""


@audit.command("tail")
@click.option(
    "-n", "number", type=click.IntRange(0, 10_000), default=50, show_default=True, help="Entries."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("--user", metavar="NAME", help="What this account did, or what was done to it.")
@click.option("--session", metavar="NAME", help="What it was done to; also OWNER+NAME.")
@click.option("--code", help="login, or login.refused, …; login means both.")
@click.option("--since", type=moment, help="2026-01-31, or 2h for two hours ago.")
@as_json
@click.pass_obj
async def tail(
    caller: Caller,
    number: int,
    follow: bool,
    user: str | None,
    session: str | None,
    code: str | None,
    since: datetime | None,
    as_json: bool,
) -> None:
    """Show the last entries of the trail, the youngest last; with -f and --json, one a line."""
    wanted = AuditFilter(user, session, code, since)
    async with caller.administration() as administration:
        found = await administration.audit_tail(wanted, max(number, 1))
        last = found[-1].event_id if found else 0
        found = found[-number:] if number else []
        if not follow:
            lines = [line for entry in found for line in _lines(entry)]
            await answer(caller, as_json, [_as_json(entry) for entry in found], *lines)
            return
        for entry in found:
            await _print(caller, entry, as_json)
        async for entry in administration.follow_audit(wanted, last):
            await _print(caller, entry, as_json)


async def _print(caller: Caller, entry: AuditLine, as_json: bool) -> None:
    await caller.print_lines([json.dumps(_as_json(entry))] if as_json else _lines(entry))


def _lines(entry: AuditLine) -> list[str]:
    """Time, code, who, what session, from where; the rest on lines of their own."""
    at = entry.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    about = [entry.user or entry.user_id, entry.session or entry.session_id, entry.address]
    head = "  ".join([at, entry.code, *(word for word in about if word)])
    told = "  ".join(f"{key}={_value(value)}" for key, value in entry.detail.items())
    rest = textwrap.wrap(
        told,
        _COLUMNS,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
    )
    return [head, *rest]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_json(entry: AuditLine) -> dict[str, Any]:
    return {**asdict(entry), "at": entry.at.isoformat()}
