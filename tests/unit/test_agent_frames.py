"""The frame codec, without an agent."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibetui.agent import (
    Decoder,
    ExitStatus,
    FrameType,
    TerminalInfo,
    TerminalSpec,
    Viewer,
    answers,
    listen,
    requests,
)
from vibetui.agent import frames as f
from vibetui.agent.nouns import Listing, Role
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
        answers.decode_hello,
        answers.decode_replay,
        answers.decode_replay_end,
        answers.decode_exited,
        answers.decode_listing,
        answers.decode_size,
        answers.decode_bound,
        answers.decode_evicted,
        answers.decode_error,
        listen.decode_listening,
        listen.decode_accepted,
        lambda payload: answers.decode_terminal(FrameType.OPENED, payload),
        lambda payload: answers.decode_nothing(FrameType.ARRANGED, payload),
    ):
        with contextlib.suppress(AgentError):
            decode(data)


def test_a_listing_says_what_runs_how_the_rest_ended_and_who_looks_on() -> None:
    row = struct.Struct(">IIBBHHQI")
    payload = b"\0\x04side" + struct.pack(">H", 3)
    payload += row.pack(1, 10, 0, 0, 24, 80, 1 << 40, 7) + b"\0\x05title\0\x04name\0\x03vim"
    payload += b"\0\x02" + b"\3\1\0\3ada" + b"\0\2\0\0"
    payload += row.pack(2, 11, 1, 3, 24, 80, 0, 0) + bytes(8)
    payload += row.pack(3, 12, 2, 9, 24, 80, 0, 0) + bytes(8)
    viewers = (
        Viewer("ada", Role.OWNER, leads=True, read_only=False),
        Viewer("", None, leads=False, read_only=True),
    )
    assert answers.decode_listing(payload) == Listing(
        (
            TerminalInfo(1, 10, True, None, 24, 80, "title", 1 << 40, "name", "vim", 7, viewers),
            TerminalInfo(2, 11, False, ExitStatus(3, None), 24, 80, "", 0),
            TerminalInfo(3, 12, False, ExitStatus(None, 9), 24, 80, "", 0),
        ),
        "side",
    )


def test_another_version_of_the_protocol_is_refused_with_a_way_on() -> None:
    with pytest.raises(AgentError) as caught:
        answers.decode_hello(struct.pack(">HI", f.PROTOCOL_VERSION + 1, 1) + b"\0\x019")
    assert "Stop it and start it again" in caught.value.hint


def test_an_environment_beyond_one_frame_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="exceeds"):
        requests.encode_open(TerminalSpec(env={f"N{n}": "x" * 60_000 for n in range(2)}))
