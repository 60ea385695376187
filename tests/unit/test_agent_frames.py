"""The frame codec, without an agent."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibetui.agent import Decoder, ExitStatus, FrameType, TerminalInfo, TerminalSpec
from vibetui.agent import frames as f
from vibetui.errors import AgentError

_FRAMES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=200)), max_size=20)


@given(_FRAMES, st.integers(1, 64))
def test_frames_come_out_whole_however_the_bytes_are_cut(
    frames: list[tuple[int, bytes]], size: int
) -> None:
    data = b"".join(f.encode(kind, payload) for kind, payload in frames)
    decoder = Decoder()
    got = []
    for start in range(0, len(data), size):
        got += decoder.feed(data[start : start + size])
    assert got == frames


def test_the_largest_frames_pass_one_after_the_other() -> None:
    payload = bytes(range(256)) * 256
    assert Decoder().feed(f.encode(5, payload) * 9) == [(5, payload)] * 9


def test_an_oversized_frame_is_refused_by_its_header_alone() -> None:
    with pytest.raises(AgentError):
        Decoder().feed(struct.pack(">IB", f.MAX_PAYLOAD + 1, 5))
    with pytest.raises(ValueError, match="exceeds"):
        f.encode(5, bytes(f.MAX_PAYLOAD + 1))


@given(st.binary(max_size=60))
def test_whatever_a_payload_holds_it_is_decoded_or_refused_in_plain_words(data: bytes) -> None:
    for decode in (
        f.decode_hello,
        f.decode_replay,
        f.decode_replay_end,
        f.decode_exited,
        f.decode_listing,
        f.decode_error,
        lambda payload: f.decode_terminal(FrameType.OPENED, payload),
    ):
        with contextlib.suppress(AgentError):
            decode(data)


def test_a_listing_says_what_runs_and_how_the_rest_ended() -> None:
    row = struct.Struct(">IIBBHHQ")
    payload = struct.pack(">H", 3)
    payload += row.pack(1, 10, 0, 0, 24, 80, 1 << 40) + b"\0\x05title"
    payload += row.pack(2, 11, 1, 3, 24, 80, 0) + b"\0\0"
    payload += row.pack(3, 12, 2, 9, 24, 80, 0) + b"\0\0"
    assert f.decode_listing(payload) == [
        TerminalInfo(1, 10, True, None, 24, 80, "title", 1 << 40),
        TerminalInfo(2, 11, False, ExitStatus(3, None), 24, 80, "", 0),
        TerminalInfo(3, 12, False, ExitStatus(None, 9), 24, 80, "", 0),
    ]


def test_another_version_of_the_protocol_is_refused_with_a_way_on() -> None:
    with pytest.raises(AgentError) as caught:
        f.decode_hello(struct.pack(">HI", f.PROTOCOL_VERSION + 1, 1) + b"\0\x019")
    assert "Recreate" in caught.value.hint


def test_an_environment_beyond_one_frame_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="exceeds"):
        f.encode_open(TerminalSpec(env={f"N{n}": "x" * 60_000 for n in range(2)}))
