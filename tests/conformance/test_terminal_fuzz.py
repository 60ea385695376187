"""Whatever bytes come, cut anywhere, between resizes and scrolling: the screen stays a screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.terminal_fuzz import MARKER, Worker
from tests.conformance.test_terminal_refs import NAMES, REFS
from tests.terminal_support import EMULATORS

EXAMPLES = int(os.environ.get("VIBETUI_FUZZ_EXAMPLES", "150"))
RECORDINGS = [(REFS / name / "alacritty.recording").read_bytes() for name in NAMES]
Step = tuple[str, str] | tuple[str, int] | tuple[str, int, int]

NUMBERS = st.one_of(
    st.sampled_from(("", "0", "1", "2", "3", "4", "5", "7", "40", "80")),
    st.integers(0, 130).map(str),
    st.sampled_from(("65535", "65536", "2147483647", "2147483648", "99999999999999999999")),
)
MODES = [1, 2, 3, 4, 5, 6, 7, 12, 25, 40, 45, 47, 66, 69, 95, 1000, 1003, 1006, 1045, 1047, 1048]
MODES += [1049, 2004, 2026, 2027, 2048]
CSI = st.builds(
    lambda prefix, numbers, joint, between, final: (
        f"\x1b[{prefix}{joint.join(numbers)}{between}{final}".encode()
    ),
    st.sampled_from(("", "", "", "", "?", ">", "=", "<")),
    st.lists(NUMBERS, max_size=6),
    st.sampled_from((";", ";", ";", ":")),
    st.sampled_from(("", "", "", "", " ", "$", "!", '"', "'", "*", "#", "\x08", "\r", "\x7f")),
    st.characters(min_codepoint=0x40, max_codepoint=0x7E),
)
MODE = st.builds(
    lambda number, final: f"\x1b[?{number}{final}".encode(),
    st.sampled_from(MODES),
    st.sampled_from("hlhlsr"),
)
ESCAPE = st.one_of(
    st.sampled_from("78cDEHMNOZ=>no|}~<6").map(lambda final: b"\x1b" + final.encode()),
    st.builds(
        lambda between, final: f"\x1b{between}{final}".encode(),
        st.sampled_from(("(", ")", "*", "+", "-", "#", " ", "%", "((", "&")),
        st.sampled_from("0AB48GFK@35"),
    ),
)
LETTERS = "abcdefghijklmnop qrstuvwxyz0123456789[];?\\_^P"
WORDS = st.one_of(
    st.text(LETTERS, max_size=60),
    st.sampled_from(
        (
            "界" * 30,
            "e\u0301\u0302\u0303" * 5,
            "\u0301",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "❤\ufe0f1\ufe0f\u20e3",
            "\U0001f1e9\U0001f1ea\U0001f1eb",
            "\u200b\u00ad\u2028\ufeff\uffff",
            "नमस्ते",
            "שלום",
            "\u1100\u1161\u11a8",
            "x" * 300,
        )
    ),
).map(str.encode)
CONTROL = st.sampled_from("\r\n\t\b\x0b\x0c\x0e\x0f\x07\x05\x00\x7f\x18\x1a\x85\x9b").map(
    lambda char: char.encode()
)
BODY = st.text("abcü界✜\u071c;:=?!$q#\n\t\r\x00\x7f0123456789", max_size=30)
STARTS = (
    "] ]0; ]2; ]8;; ]8;id=1; ]52;c; ]4;1; ]10; ]104 ]133;A ]1337; P Pq P1$r P$q P+q Ptmux; _ _G ^ X"
)
STRING = st.builds(
    lambda start, body, end: f"\x1b{start}{body}{MARKER}{body}{MARKER}".encode() + end,
    st.sampled_from(STARTS.split()),
    BODY,
    st.sampled_from((b"\x1b\\", b"\x1b\\", b"\x18", b"\x1a", b"")),
)
BROKEN = st.one_of(
    st.binary(max_size=30),
    st.text(max_size=10).map(lambda text: text.encode("utf-8", "surrogatepass")[:-1]),
    st.sampled_from((b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xed\xa0\x80", b"\xff\xfe", b"\xe7\x95")),
).filter(lambda data: MARKER.encode() not in data)
FLOOD = st.builds(
    lambda line, count: line.encode() * count,
    st.sampled_from(("y\r\n", "界e\u0301\x1b[31m\r\n", "\x1b]8;;a:b\x07x\x1b[m\n", "z" * 45)),
    st.integers(50, 300),
)
DATA = st.lists(st.one_of(CSI, CSI, MODE, ESCAPE, WORDS, WORDS, CONTROL, STRING, BROKEN, FLOOD))
RESIZE = st.tuples(
    st.just("resize"),
    st.one_of(st.integers(1, 12), st.sampled_from((1, 2, 100))),
    st.one_of(st.integers(1, 50), st.sampled_from((1, 2, 80, 132, 300))),
)
SCROLL = st.tuples(st.just("scroll"), st.integers(-5, 70))
BETWEEN: st.SearchStrategy[list[Step | None]] = st.lists(
    st.one_of(st.none(), st.none(), st.none(), SCROLL, RESIZE), max_size=8
)


def cut(data: bytes, between: list[Step | None], places: list[float]) -> list[Step]:
    """`data` in pieces, with a step of `between` after each."""
    ends = sorted(int(place * len(data)) for place in places[: len(between)])
    edges = [0, *ends, len(data)]
    pieces: list[list[Step | None]] = [
        [("feed", data[start:end].decode("latin-1"))] for start, end in pairwise(edges)
    ]
    mixed = chain.from_iterable(
        [*piece, step] for piece, step in zip(pieces, [*between, None], strict=False)
    )
    return [step for step in mixed if step]


STEPS = st.builds(
    lambda pieces, between, places: cut(b"".join(pieces), between, places),
    DATA,
    BETWEEN,
    st.lists(st.floats(0, 1), min_size=8, max_size=8),
)


@st.composite
def mutated(draw: st.DrawFn) -> list[Step]:
    """Part of a recording, damaged in a few places."""
    recording = draw(st.sampled_from(RECORDINGS))
    start = draw(st.integers(0, max(0, len(recording) - 1)))
    data = bytearray(recording[start : start + draw(st.integers(1, 3000))])
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(1, 40))
        match draw(st.sampled_from(("flip", "insert", "repeat", "drop", "splice"))):
            case "flip":
                data[at : at + 1] = bytes(byte ^ (1 << length % 8) for byte in data[at : at + 1])
            case "insert":
                data[at:at] = draw(st.one_of(CSI, MODE, ESCAPE, CONTROL, BROKEN))
            case "repeat":
                data[at:at] = data[at : at + length] * 3
            case "drop":
                del data[at : at + length]
            case "splice":
                other = draw(st.sampled_from(RECORDINGS))
                place = draw(st.integers(0, len(other) - 1))
                data[at:at] = other[place : place + 10 * length]
    places = draw(st.lists(st.floats(0, 1), min_size=8, max_size=8))
    return cut(bytes(data), draw(BETWEEN), places)


@pytest.fixture(scope="module", params=EMULATORS)
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    with Worker(request.param) as worker:
        yield worker


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
@given(steps=STEPS)
def test_sequences_with_wild_parameters_leave_a_whole_screen(
    worker: Worker, steps: list[Step]
) -> None:
    worker.play(steps)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=QUIET)
@given(steps=mutated())
def test_damaged_recordings_leave_a_whole_screen(worker: Worker, steps: list[Step]) -> None:
    worker.play(steps)
