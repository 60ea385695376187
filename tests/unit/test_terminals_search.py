"""Search over the history and the screen."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.terminal_support import EMULATORS, emulator
from vibetui.terminals.lines import Lines
from vibetui.terminals.search import MOST_MATCHES, Search
from vibetui.terminals.selection import span_text


@pytest.fixture
def no_collection() -> Iterator[None]:
    """The objects of all the tests before are nothing to measure."""
    gc.disable()
    yield
    gc.enable()


def lines_of(
    kind: str, text: str, *, rows: int = 5, columns: int = 20, history: int = 1000
) -> Lines:
    terminal = emulator(kind, rows, columns, history)
    terminal.feed(text.replace("\n", "\r\n").encode())
    return Lines(terminal)


def finished(search: Search) -> Search:
    while not search.done:
        search.step()
    return search


def found(lines: Lines, query: str) -> list[tuple[int, int, str]]:
    """Line from the oldest, column and text of every match."""
    return [
        (span.start.line - lines.first, span.start.column, span_text(lines, span))
        for span in finished(Search(lines, query)).matches
    ]


@pytest.mark.parametrize("kind", EMULATORS)
def test_matches_everywhere_from_the_top_down(kind: str) -> None:
    lines = lines_of(kind, "\n".join(f"line {n} of 30" for n in range(30)))
    assert found(lines, "line 1") == [
        (n, 0, "line 1") for n in (1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
    ]
    assert found(lines, "nothing") == []


@pytest.mark.parametrize("kind", EMULATORS)
def test_capitals_matter_where_they_are_typed(kind: str) -> None:
    lines = lines_of(kind, "Error error ERROR")
    assert len(found(lines, "error")) == 3
    assert found(lines, "Error") == [(0, 0, "Error")]
    assert found(lines, "r e") == [(0, 4, "r e"), (0, 10, "r E")]


@pytest.mark.parametrize("kind", EMULATORS)
def test_signs_mean_themselves(kind: str) -> None:
    lines = lines_of(kind, "a.b axb [a.b]")
    assert found(lines, "a.b") == [(0, 0, "a.b"), (0, 9, "a.b")]


@pytest.mark.parametrize("kind", EMULATORS)
def test_wrapped_lines_are_one(kind: str) -> None:
    lines = lines_of(kind, "x" * 15 + "needle in hay\nneed\nle")
    assert found(lines, "needle") == [(0, 15, "needle")]


@pytest.mark.parametrize("kind", EMULATORS)
def test_wide_characters_have_their_columns(kind: str) -> None:
    lines = lines_of(kind, "界面 面x")
    assert found(lines, "面") == [(0, 2, "面"), (0, 5, "面")]
    assert found(lines, "x") == [(0, 7, "x")]


@pytest.mark.parametrize("kind", EMULATORS)
def test_matches_stay_while_output_comes_and_new_ones_join_them(kind: str) -> None:
    lines = lines_of(kind, "\n".join(f"line {n}" for n in range(40)), history=200)
    search = finished(Search(lines, "line 7"))
    (before,) = search.matches
    for n in range(40, 80):
        lines.emulator.feed(b"\r\nline %d" % n)
        search.changed()
        finished(search)
    assert before in search.matches
    assert [span_text(lines, span) for span in search.matches] == ["line 7"] * 11
    lines.emulator.feed(b"\x1b[2J")
    search.changed()
    finished(search)
    assert all(span_text(lines, span) == "line 7" for span in search.matches)


@pytest.mark.parametrize("kind", EMULATORS)
def test_what_is_overwritten_before_it_scrolls_away_is_no_match(kind: str) -> None:
    lines = lines_of(kind, "wrong")
    search = finished(Search(lines, "wrong"))
    lines.emulator.feed(b"\rright" + b"\r\n" * 20)
    search.changed()
    assert finished(search).matches == []


@pytest.mark.parametrize("kind", EMULATORS)
def test_forgotten_lines_are_no_matches(kind: str) -> None:
    lines = lines_of(kind, "mark\n" + "x\n" * 10, history=20)
    search = finished(Search(lines, "mark"))
    assert len(search) == 1
    lines.emulator.feed(b"x\r\n" * 10_000)
    search.changed()
    assert [span for span in finished(search).matches if span.start.line < lines.first] == []


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize("words", ["with some more text", "界面 with ─ some more text"])
@pytest.mark.usefixtures("no_collection")
@pytest.mark.usefixtures("heap_of_an_app")
def test_ten_thousand_lines_are_searched_in_pieces_newest_first(kind: str, words: str) -> None:
    history = 10_000 if kind == "ghostty" else 3_000
    text = "\n".join(f"line {n} {words} on it" for n in range(history))
    lines = lines_of(kind, text, rows=50, columns=200, history=history)
    search = Search(lines, "more")
    pieces: list[float] = []
    seen: list[int] = []
    while not search.done:
        began = time.thread_time()
        search.step()
        pieces.append(time.thread_time() - began)
        seen.append(search.searched_from)
    assert seen == sorted(seen, reverse=True)
    assert len(search) == history
    assert max(pieces) < 0.010


def test_there_is_an_end_to_what_is_found() -> None:
    lines = lines_of("ghostty", "a" * 200 + ("\n" + "a" * 200) * 200, columns=200)
    search = finished(Search(lines, "a"))
    assert not search.complete
    assert MOST_MATCHES <= len(search) < MOST_MATCHES + 30_000


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(EMULATORS),
    st.lists(st.text("abc 界", max_size=45), min_size=1, max_size=30),
    st.text("abc界", min_size=1, max_size=3),
)
def test_as_many_as_there_are_in_the_text(kind: str, rows: list[str], query: str) -> None:
    lines = lines_of(kind, "\n".join(rows))
    expected = sum(row.count(query) for row in rows)
    matches = found(lines, query)
    assert len(matches) == expected
    assert all(text == query for _, _, text in matches)
    assert matches == sorted(matches)
