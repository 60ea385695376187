"""What an sftp-server's log becomes in the audit trail."""

from __future__ import annotations

import asyncio
from typing import Any

from sshd.channels.transfers import MOST_EVENTS, Transfers


def recorded(*pieces: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """The events of a log that comes in these pieces, and what goes on to the client."""
    events: list[dict[str, Any]] = []

    async def record(**event: Any) -> None:
        events.append(event)

    async def listen() -> bytes:
        transfers = Transfers(record)
        passed = b"".join([*(transfers.take(piece) for piece in pieces), transfers.end()])
        await transfers.run()
        return passed

    passed = asyncio.run(listen())
    return events, passed


def test_a_log_line_is_understood_however_it_is_cut_and_other_lines_pass() -> None:
    log = b'session opened\r\nclose "/w/a" bytes read 1 written 2\r\ncan\'t load libc\nrest'
    whole = recorded(log)
    assert whole == (
        [{"did": "transfer", "path": "/w/a", "read": 1, "written": 2}],
        b"can't load libc\nrest",
    )
    assert recorded(*(log[at : at + 1] for at in range(len(log)))) == whole


def test_a_path_counts_no_bytes_and_steers_no_terminal() -> None:
    events, _ = recorded(
        b'forced close "/w/a" bytes read 9 written 9" bytes read 0 written 2\r\n'
        b'remove name "/w/\\033[2J\\303\\251\\\\\\377"\r\n'
        b'mkdir name "' + b"a" * 5000 + b'" mode 0777\r\n'
    )
    assert events == [
        {"did": "transfer", "path": '/w/a" bytes read 9 written 9', "read": 0, "written": 2},
        {"did": "remove", "path": "/w/ [2Jé\\�"},
        {"did": "mkdir", "path": "a" * 256},
    ]


def test_lines_that_no_server_writes_are_no_events() -> None:
    events, _ = recorded(
        b'close "/w/a" bytes read ' + b"9" * 5000 + b" written 2\r\n",
        b'rename old "' + b'" new "' * 2000 + b"x\r\n",
        b'mkdir name "' + b"a" * 20_000 + b'"\r\n',
    )
    assert events == []


def test_many_files_are_summed_up_in_one_event() -> None:
    events, _ = recorded(b'close "/w/a" bytes read 1 written 2\r\n' * (MOST_EVENTS + 10))
    assert len(events) == MOST_EVENTS + 1
    assert events[-1] == {"more": 10, "read": 10, "written": 20}


def test_a_line_without_an_end_is_not_kept() -> None:
    async def record(**event: Any) -> None:
        raise AssertionError(event)

    transfers = Transfers(record)
    passed = [transfers.take(b"x" * 1000) for _ in range(100)]
    assert len(b"".join(passed)) > 80_000
