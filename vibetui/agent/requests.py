"""What a client asks for, as frames."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from vibetui.agent.frames import MAX_PAYLOAD, PROTOCOL_VERSION, FrameType, encode
from vibetui.agent.nouns import Role, TerminalSpec

MAX_NAME = 64
"""Bytes of a terminal's name, and of a person's."""
MAX_LAYOUT = 4096


def encode_text(value: str | bytes) -> bytes:
    """Raises `ValueError` beyond 65535 bytes."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if len(data) > 0xFFFF:
        raise ValueError(f"a string of {len(data)} bytes exceeds 65535")
    return struct.pack(">H", len(data)) + data


def encode_texts(values: Sequence[str]) -> bytes:
    return struct.pack(">H", len(values)) + b"".join(map(encode_text, values))


def _bounded(value: str, most: int) -> bytes:
    text = encode_text(value)
    if len(text) - 2 > most or b"\0" in text[2:]:
        raise ValueError(f"a text has to have at most {most} bytes, and no NUL")
    return text


def encode_hello() -> bytes:
    return encode(FrameType.HELLO, struct.pack(">H", PROTOCOL_VERSION))


def encode_user(user: str | tuple[int, int] | None) -> bytes:
    """A name, (uid, gid), or None for the agent's default user."""
    return encode_text(f"{user[0]}:{user[1]}" if isinstance(user, tuple) else user or "")


def encode_open(spec: TerminalSpec) -> bytes:
    """Raises `ValueError` where argv, env and banner together don't fit into one frame."""
    payload = (
        struct.pack(">HH", spec.rows, spec.columns)
        + encode_user(spec.user)
        + encode_text(spec.cwd)
        + encode_texts(spec.argv)
        + encode_texts([f"{name}={value}" for name, value in spec.env.items()])
        + encode_text(spec.banner)
        + _bounded(spec.name, MAX_NAME)
    )
    return encode(FrameType.OPEN_TERMINAL, payload)


_READ_ONLY, _FROM_OFFSET, _LAST, _QUIET, _TYPED = 1, 2, 4, 8, 16


def encode_attach(
    terminal: int,
    *,
    from_offset: int | None = None,
    last: int | None = None,
    read_only: bool = False,
    quiet: bool = False,
    typed: bool = False,
    size: tuple[int, int] | None = None,
) -> bytes:
    """Neither `from_offset` nor `last`: all the output that the agent has kept."""
    if from_offset is not None and last is not None:
        raise ValueError("from_offset and last exclude each other")
    flags, value = _READ_ONLY * read_only | _QUIET * quiet | _TYPED * typed, 0
    if from_offset is not None:
        flags, value = flags | _FROM_OFFSET, from_offset
    elif last is not None:
        flags, value = flags | _LAST, last
    rows, columns = size or (0, 0)
    return encode(FrameType.ATTACH, struct.pack(">IBQHH", terminal, flags, value, rows, columns))


def _pieces(kind: FrameType, data: bytes) -> bytes:
    view = memoryview(data)
    return b"".join(
        encode(kind, view[start : start + MAX_PAYLOAD])
        for start in range(0, len(view), MAX_PAYLOAD)
    )


def encode_input(data: bytes) -> bytes:
    """As many INPUT frames as `data` needs; one, which takes the lead, where it is empty."""
    return _pieces(FrameType.INPUT, data) or encode(FrameType.INPUT)


def encode_reply(data: bytes) -> bytes:
    """As many REPLY frames as `data` needs."""
    return _pieces(FrameType.REPLY, data)


def encode_resize(rows: int, columns: int) -> bytes:
    return encode(FrameType.RESIZE, struct.pack(">HH", rows, columns))


def encode_list() -> bytes:
    return encode(FrameType.LIST)


def encode_watch() -> bytes:
    return encode(FrameType.WATCH)


def encode_close(terminal: int) -> bytes:
    return encode(FrameType.CLOSE, struct.pack(">I", terminal))


def encode_rename(terminal: int, name: str) -> bytes:
    """Raises `ValueError` beyond 64 bytes."""
    payload = struct.pack(">I", terminal) + _bounded(name, MAX_NAME)
    return encode(FrameType.RENAME, payload)


def encode_arrange(layout: str) -> bytes:
    """Raises `ValueError` beyond 4096 bytes."""
    return encode(FrameType.ARRANGE, _bounded(layout, MAX_LAYOUT))


def encode_bind(role: Role, who: str) -> bytes:
    """Raises `ValueError` beyond 64 bytes."""
    return encode(FrameType.BIND, struct.pack(">B", role) + _bounded(who, MAX_NAME))


def encode_evict(who: str) -> bytes:
    """Raises `ValueError` beyond 64 bytes."""
    return encode(FrameType.EVICT, _bounded(who, MAX_NAME))
