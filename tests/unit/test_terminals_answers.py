"""What a user's terminal answers is told from what its user types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibetui.terminals.answers import AnswerFinder, Typed

ANSWERS = [
    b"\x1b[?64;1;2;6;22c",
    b"\x1b[>1;4000;29c",
    b"\x1bP!|00000000\x1b\\",
    b"\x1b[0n",
    b"\x1b[?997;1n",
    b"\x1b[12;40R",
    b"\x1b[1;40R",
    b"\x1b[?12;40;1R",
    b"\x1b[?2026;2$y",
    b"\x1b[4;2$y",
    b"\x1b[?5u",
    b"\x1b[8;24;80t",
    b"\x1b[48;24;80;480;640t",
    b"\x1b[?1;0;256S",
    b"\x1b[2;1;1;128;128;1;0x",
    b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    b"\x1b]4;1;rgb:ff/00/00\x07",
    b"\x1b]52;c;aGVsbG8=\x1b\\",
    b"\x1bP>|kitty(0.39)\x1b\\",
    b"\x1bP1$r0m\x1b\\",
    b"\x1bP1+r544e=787465726d\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b[I",
    b"\x1b[O",
]
KEYS = [
    b"a",
    "é".encode(),
    b"\x1b",
    b"\x1b\x1b",
    b"\x1b[A",
    b"\x1bOP",
    b"\x1b[1;5C",
    b"\x1b[1;2R",
    b"\x1b[3~",
    b"\x1b[97;5u",
    b"\x1b[27;5;93~",
    b"\x1b[<0;5;5M",
    b"\x1b[200~text\x1b[201~",
    b"\x1b]",
    b"\x1bP",
    b"\x1b[",
    b"\x1b_",
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_kind_of_answer_is_told_from_the_keys_around_it(answer: bytes) -> None:
    pieces = AnswerFinder().feed(b"ls" + answer + b"\r")
    assert pieces == [Typed(b"ls", False), Typed(answer, True), Typed(b"\r", False)]


@pytest.mark.parametrize("key", KEYS)
def test_no_key_is_taken_for_an_answer_or_kept_waiting(key: bytes) -> None:
    finder = AnswerFinder()
    assert finder.feed(key) == [Typed(key, False)]
    assert not finder.holds


@given(st.sampled_from(ANSWERS), st.integers(3, 30))
def test_an_answer_that_is_cut_is_one_all_the_same(answer: bytes, cut: int) -> None:
    finder = AnswerFinder()
    pieces = finder.feed(b"a" + answer[:cut])
    if cut < len(answer) and finder.holds:
        assert pieces == [Typed(b"a", False)]
        pieces += finder.feed(answer[cut:] + b"b")
        assert pieces == [Typed(b"a", False), Typed(answer, True), Typed(b"b", False)]
    elif cut < len(answer):
        # Only what may as well be a key isn't waited for.
        assert cut < 4


@given(st.lists(st.sampled_from(ANSWERS + KEYS)), st.lists(st.integers(0, 40)))
def test_every_byte_comes_out_once_and_in_order(pieces: list[bytes], cuts: list[int]) -> None:
    data, finder, seen = b"".join(pieces), AnswerFinder(), b""
    rest = data
    for cut in cuts:
        seen += b"".join(piece.data for piece in finder.feed(rest[:cut]))
        rest = rest[cut:]
    for piece in [*finder.feed(rest), *finder.release()]:
        seen += piece.data
    assert seen == data


def test_what_nothing_completes_is_let_go() -> None:
    finder = AnswerFinder()
    assert finder.feed(b"\x1b[1;5") == []
    assert finder.release() == [Typed(b"\x1b[1;5", False)]
    finder.feed(b"\x1bP1$r0m")
    assert finder.release() == [Typed(b"\x1bP1$r0m", True)]
    assert finder.release() == []
