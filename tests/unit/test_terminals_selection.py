"""What is marked, by which unit, and the text that is copied of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.terminal_support import EMULATORS, emulator
from vibetui.terminals.columns import restyle, split_run
from vibetui.terminals.lines import Lines, Point, Span
from vibetui.terminals.links import link_at, url_spans
from vibetui.terminals.protocol import CellStyle, Run
from vibetui.terminals.selection import Selection, Unit, span_text
from vibetui.terminals.words import next_word, word_before, word_end, word_span

FAMILY = "👩\u200d👩\u200d👧"


def lines_of(kind: str, text: str, *, rows: int = 6, columns: int = 20) -> Lines:
    terminal = emulator(kind, rows, columns)
    terminal.feed(text.replace("\n", "\r\n").encode())
    return Lines(terminal)


def marked(lines: Lines, anchor: Point, head: Point, unit: Unit = Unit.CHARACTER) -> str:
    """The text of a selection, its lines counted from the oldest."""
    first = lines.first
    places = [Point(first + line, column) for line, column in (anchor, head)]
    return Selection(lines, *places, unit).text(lines)


@pytest.mark.parametrize("kind", EMULATORS)
class TestText:
    def test_both_ends_are_in_it_whichever_came_first(self, kind: str) -> None:
        lines = lines_of(kind, "one two three")
        assert marked(lines, Point(0, 4), Point(0, 6)) == "two"
        assert marked(lines, Point(0, 6), Point(0, 4)) == "two"

    def test_lines_end_without_their_blanks(self, kind: str) -> None:
        lines = lines_of(kind, "one   \ntwo\n\nfour")
        assert marked(lines, Point(0, 0), Point(3, 19)) == "one\ntwo\n\nfour"

    def test_blanks_inside_a_line_are_kept(self, kind: str) -> None:
        lines = lines_of(kind, "a  b")
        assert marked(lines, Point(0, 0), Point(0, 2)) == "a  "

    def test_a_wrapped_line_has_no_line_break(self, kind: str) -> None:
        text = "".join(chr(97 + n % 26) for n in range(50))
        lines = lines_of(kind, f"{text}\nnext")
        assert marked(lines, Point(0, 0), Point(3, 3)) == f"{text}\nnext"
        assert marked(lines, Point(1, 5), Point(1, 5), Unit.LINE) == text

    def test_blanks_where_a_line_wraps_are_kept(self, kind: str) -> None:
        text = "x" * 17 + "   " + "y" * 5
        lines = lines_of(kind, text)
        assert marked(lines, Point(0, 0), Point(1, 19)) == text

    def test_wide_characters_are_whole(self, kind: str) -> None:
        lines = lines_of(kind, "a界b面c")
        assert marked(lines, Point(0, 2), Point(0, 4)) == "界b面"

    def test_a_joined_emoji_is_whole(self, kind: str) -> None:
        lines = lines_of(kind, f"a{FAMILY}b")
        for column in range(1, 7):
            assert marked(lines, Point(0, column), Point(0, column)) == FAMILY

    def test_combining_marks_stay_with_their_letter(self, kind: str) -> None:
        lines = lines_of(kind, "e\u0301tude")
        assert marked(lines, Point(0, 0), Point(0, 0)) == "e\u0301"
        assert marked(lines, Point(0, 1), Point(0, 1)) == "t"

    def test_wide_characters_that_find_no_room_leave_no_blank(self, kind: str) -> None:
        lines = lines_of(kind, "a" * 19 + "界z")
        assert marked(lines, Point(0, 0), Point(1, 2)) == "a" * 19 + "界z"

    def test_a_block_takes_the_same_columns_of_each_line(self, kind: str) -> None:
        lines = lines_of(kind, "abcdef\nghi\n\n界界界")
        assert marked(lines, Point(0, 3), Point(3, 1), Unit.BLOCK) == "bcd\nhi\n\n界界"

    def test_history_is_copied_too(self, kind: str) -> None:
        lines = lines_of(kind, "\n".join(f"line {n}" for n in range(30)))
        assert lines.screen - lines.first == 24
        assert marked(lines, Point(2, 0), Point(26, 19)).splitlines() == [
            f"line {n}" for n in range(2, 27)
        ]


@pytest.mark.parametrize("kind", EMULATORS)
@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("cat src/a-b_c.py, or", 6, "src/a-b_c.py"),
        ("cat ~/x.txt: no", 5, "~/x.txt"),
        ("(see word)", 6, "word"),
        ("(see word)", 0, "("),
        ("a   b", 2, "   "),
        ("go (http://a.b/c_(d)) x", 8, "http://a.b/c_(d)"),
        ("naïve façade", 8, "façade"),
        ("界面 word", 1, "界面"),
    ],
)
def test_a_double_click_takes_the_word(kind: str, text: str, column: int, expected: str) -> None:
    lines = lines_of(kind, text, columns=30)
    assert marked(lines, Point(0, column), Point(0, column), Unit.WORD) == expected


@pytest.mark.parametrize("kind", EMULATORS)
def test_a_word_may_wrap(kind: str) -> None:
    lines = lines_of(kind, "see /usr/share/doc/bash/README.md.gz now")
    for place in (Point(0, 10), Point(1, 2)):
        assert marked(lines, place, place, Unit.WORD) == "/usr/share/doc/bash/README.md.gz"
    assert marked(lines, Point(0, 0), Point(0, 6), Unit.WORD).startswith("see /usr")


@pytest.mark.parametrize("kind", EMULATORS)
def test_the_selection_goes_with_its_text_only(kind: str) -> None:
    lines = lines_of(kind, "one\ntwo\nthree\n")
    selection = Selection(lines, Point(lines.first + 1, 0), Point(lines.first + 1, 2))
    lines.emulator.feed(b"more\r\n" * 20)
    assert selection.holds(lines)
    assert selection.text(lines) == "two"
    on_screen = Selection(lines, Point(lines.stop - 2, 0), Point(lines.stop - 2, 2))
    lines.emulator.feed(b"\x1b[A\x1b[2KLESS")
    assert not on_screen.holds(lines)
    assert selection.holds(lines)
    lines.emulator.feed(b"\x1b[?1049h")
    assert not selection.holds(lines)


@pytest.mark.parametrize("kind", EMULATORS)
def test_motions_by_words(kind: str) -> None:
    lines = lines_of(kind, "one, two\n\n three")
    first = lines.first

    def walk(step: object, start: Point, count: int) -> list[tuple[int, int]]:
        at, found = Point(first + start.line, start.column), []
        for _ in range(count):
            at = step(lines, at)  # type: ignore[operator]
            found.append((at.line - first, at.column))
        return found

    assert walk(next_word, Point(0, 0), 3) == [(0, 3), (0, 5), (2, 1)]
    assert walk(word_end, Point(0, 0), 4) == [(0, 2), (0, 3), (0, 7), (2, 5)]
    assert walk(word_before, Point(2, 3), 5) == [(2, 1), (0, 5), (0, 3), (0, 0), (0, 0)]
    assert walk(next_word, Point(2, 1), 1) == [(2, 1)]


@pytest.mark.parametrize("kind", EMULATORS)
def test_links_are_found_where_they_wrap(kind: str) -> None:
    url = "https://example.org/a/rather/long/path?q=1"
    lines = lines_of(kind, f"see {url}.\nand nothing")
    for line, column in ((0, 4), (1, 0), (2, 5)):
        link = link_at(lines, Point(lines.first + line, column))
        assert link is not None
        assert link.url == url
        assert span_text(lines, link.span) == url
    for line, column in ((0, 0), (2, 6), (3, 4)):
        assert link_at(lines, Point(lines.first + line, column)) is None


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("https://a.b/c, and", ["https://a.b/c"]),
        ("<http://a.b>", ["http://a.b"]),
        ("[x](https://a.b/c)", ["https://a.b/c"]),
        ("https://en.wikipedia.org/wiki/A_(b)", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("http:// javascript:alert(1) x://y", []),
        ("HTTPS://A.B ftp://c.d.", ["HTTPS://A.B", "ftp://c.d"]),
    ],
)
def test_addresses_in_text(text: str, urls: list[str]) -> None:
    assert [text[start:end] for start, end in url_spans(text)] == urls


PIECES = st.sampled_from(["a", "Z", " ", "界", "e\u0301", FAMILY, "👍🏽", "🇩🇪", "❤\ufe0f", "─"])


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(EMULATORS),
    st.lists(PIECES, max_size=60),
    st.integers(0, 79),
    st.integers(0, 79),
    st.booleans(),
)
@example("ghostty", ["a", "a", "界", FAMILY, "👍🏽", "👍🏽", " ", "界"], 0, 0, False)
@example("ghostty", ["a"] * 18 + [" ", "界"], 0, 0, False)
@example("ghostty", ["a"] * 18 + [" ", " ", "界"], 0, 0, False)
@example("pyte", ["a"] * 18 + [" ", "界"], 0, 0, False)
def test_copied_text_is_cut_between_characters(
    kind: str, pieces: list[str], one: int, other: int, clusters: bool
) -> None:
    lines = lines_of(kind, ("\x1b[?2027h" if clusters else "") + "".join(pieces), columns=20)
    whole = span_text(lines, Span(Point(lines.first, 0), Point(lines.stop - 1, 20)))
    assert whole.rstrip("\n ") == "".join(pieces).rstrip()
    first, last = sorted((one, other))
    places = [Point(lines.first + at // 20, at % 20) for at in (first, last)]
    text = Selection(lines, *places).text(lines).rstrip("\n ")
    assert text in whole
    word = word_span(lines, places[0])
    assert word.start <= places[0] < word.end


@settings(deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=30), st.integers(0, 70), st.integers(0, 70))
def test_restyling_changes_no_text(pieces: list[str], one: int, other: int) -> None:
    terminal = emulator("ghostty", 1, 60)
    terminal.feed("".join(pieces)[:58].encode())
    runs = terminal.row(0)
    start, end = sorted((one, other))
    bold = CellStyle(bold=True)
    done = restyle(runs, start, end, lambda style: bold)
    assert "".join(run.text for run in done) == "".join(run.text for run in runs)
    assert [run.start for run in done] == [0, *(run.end for run in done[:-1])]
    assert done[-1].end == 60
    for run in done:
        if run.style != bold:
            assert run.end <= start or run.start >= end


def test_cells_take_the_columns_of_their_run() -> None:
    joined = list(split_run(Run(0, 4, f"a{FAMILY}b", CellStyle())))
    assert [(cell.start, cell.end, cell.text) for cell in joined] == [
        (0, 1, "a"),
        (1, 3, FAMILY),
        (3, 4, "b"),
    ]
    apart = list(split_run(Run(0, 8, f"a{FAMILY}b", CellStyle())))
    assert [cell.end - cell.start for cell in apart] == [1, 2, 2, 2, 1]
