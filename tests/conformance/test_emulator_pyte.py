"""What the emulator in Python alone does beyond the shared suite: rectangles, columns, colours.

Told after xterm's control sequences and DEC STD 070, on a screen of 5 rows and 10 columns.
"""

from __future__ import annotations

import tracemalloc

import pytest

from tests.terminal_support import emulator, line, screen, style_at
from vibetui.terminals.protocol import CellStyle, Emulator, Underline

GRID = "abcde\r\nfghij\r\nklmno\r\npqrst\r\nuvwxy"
MARGINS = "\x1b[?69h\x1b[2;4s\x1b[2;4r"
"""Columns 2 to 4, rows 2 to 4."""


@pytest.fixture
def terminal() -> Emulator:
    return emulator("pyte", rows=5, columns=10)


def replies(terminal: Emulator, query: str) -> str:
    terminal.feed(query.encode())
    return terminal.take_replies().decode()


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("\x1b[2;2;3;3;1;3;4;1$v", "abcde|fghij|klmgh|pqrlm|uvwxy"),
        ("\x1b[2;2;4;4;1;3;3;1$v", "abcde|fghij|klghi|pqlmn|uvqrs"),
        ("\x1b[2;2;4;4;1;1;1;1$v", "ghide|lmnij|qrsno|pqrst|uvwxy"),
        ("\x1b[2;2;4;4;1;5;9;1$v", "abcde|fghij|klmno|pqrst|uvwxy   gh"),
        ("\x1b[3;3;2;2;1;1;1;1$v", "abcde|fghij|klmno|pqrst|uvwxy"),
        ("\x1b[2;2;3;4$z", "abcde|f   j|k   o|pqrst|uvwxy"),
        ("\x1b[$z", ""),
        ("\x1b[4;4;99;99$z", "abcde|fghij|klmno|pqr|uvw"),
        ("\x1b[4;4;3;3$z", "abcde|fghij|klmno|pqrst|uvwxy"),
        ("\x1b[35;2;2;3;4$x", "abcde|f###j|k###o|pqrst|uvwxy"),
        ("\x1b[7;2;2;3;4$x", "abcde|fghij|klmno|pqrst|uvwxy"),
        ("\x1b[2;4r\x1b[?6h\x1b[35;1;1;1;2$x", "abcde|##hij|klmno|pqrst|uvwxy"),
        (MARGINS + "\x1b[35;1;1;1;5$x", "#####|fghij|klmno|pqrst|uvwxy"),
    ],
)
def test_rectangles_are_copied_erased_and_filled(
    terminal: Emulator, commands: str, expected: str
) -> None:
    terminal.feed(f"{GRID}\x1b[1;1H{commands}".encode())
    assert "|".join(screen(terminal)) == expected


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("\x1b[2;2H\x1b['}", "a bcde|f ghij|k lmno|p qrst|u vwxy"),
        ("\x1b[2;2H\x1b[2'~", "ade|fij|kno|pst|uxy"),
        (MARGINS + "\x1b[3;3H\x1b['}", "abcde|fg hj|kl mo|pq rt|uvwxy"),
        (MARGINS + "\x1b[3;3H\x1b[99'~", "abcde|fg  j|kl  o|pq  t|uvwxy"),
        (MARGINS + "\x1b[1;3H\x1b['}", "abcde|fghij|klmno|pqrst|uvwxy"),
        (MARGINS + "\x1b[3;2H\x1b6", "abcde|f ghj|k lmo|p qrt|uvwxy"),
        (MARGINS + "\x1b[3;4H\x1b9", "abcde|fhi j|kmn o|prs t|uvwxy"),
        ("\x1b[1;10H\x1b9", "bcde|ghij|lmno|qrst|vwxy"),
        ("\x1b[2 @", "cde|hij|mno|rst|wxy"),
        (MARGINS + "\x1b[ A", "abcde|f ghj|k lmo|p qrt|uvwxy"),
    ],
)
def test_columns_are_inserted_and_deleted(terminal: Emulator, commands: str, expected: str) -> None:
    terminal.feed(f"{GRID}{commands}".encode())
    assert "|".join(screen(terminal)) == expected


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ('a\x1b[1"qb\x1b[0"qc\x1b[1;1;1;3${', " b"),
        ("a\x1bVb\x1bWc\x1b[2K", " b"),
        ("a\x1bVb\x1bWc\x1b[1G\x1b[3X", " b"),
        ("a\x1bVb\x1bWc\x1b[1;1;1;3${", ""),
        ("a\x1bVb\x1bWc\x1b[1;1;1;3$z", ""),
        ('a\x1b[1"qb\x1b[0mc\x1b[?2K', " bc"),
        ('\x1b[1"q\x1b7\x1b[0"q\x1b8a\x1b[?2K', "a"),
        ('a\x1b[1"qb\x1b[0"q\x1b[2K', ""),
        ('\x1b[1"q\x1b[!pa\x1b[?2K', ""),
    ],
)
def test_protected_characters_are_spared(terminal: Emulator, commands: str, expected: str) -> None:
    terminal.feed(commands.encode())
    assert line(terminal, 0) == expected


def test_protection_is_not_seen(terminal: Emulator) -> None:
    terminal.feed(b'\x1b[1"q\x1b[31mx')
    assert style_at(terminal, 0, 0) == CellStyle(foreground=1)


def test_a_rectangle_may_get_attributes(terminal: Emulator) -> None:
    terminal.feed(f"{GRID}\x1b[2*x\x1b[2;2;3;3;1;4$r\x1b[2;2;2;2;1$t".encode())
    both = CellStyle(bold=True, underline=Underline.SINGLE)
    assert [style_at(terminal, y, 2) for y in (1, 2, 3)] == [both, both, CellStyle()]
    assert style_at(terminal, 1, 1) == CellStyle(underline=Underline.SINGLE)
    assert style_at(terminal, 2, 3) == CellStyle()


def test_attributes_follow_the_text_unless_a_rectangle_was_asked_for(terminal: Emulator) -> None:
    terminal.feed(f"{GRID}\x1b[2;3;3;2;1$r\x1b[2;2;3;3;1$r".encode())
    bold = [[x for x in range(10) if style_at(terminal, y, x).bold] for y in range(4)]
    assert bold == [[], list(range(1, 10)), [0, 1, 2], []]


@pytest.mark.parametrize(
    ("text", "flags", "checksum"),
    [
        ("A", 0, 0x10000 - 0x41),
        ("A", 1, 0x41),
        ("", 1, 0x20),
        ("\x1b[1mA", 1, 0x41 + 0x80),
        ("\x1b[1mA", 3, 0x41),
        ("\x1b[4;7mA", 1, 0x41 + 0x30),
        ("界", 1, 0x4C),
        ("e\u0301", 1, 0x65),
        ("e\u0301", 17, 0x65 + 0x301),
    ],
)
def test_checksums_are_xterms(terminal: Emulator, text: str, flags: int, checksum: int) -> None:
    query = f"{text}\x1b[{flags}#y\x1b[7;1;1;1;1;1*y"
    assert replies(terminal, query) == f"\x1bP7!~{checksum:04X}\x1b\\"


@pytest.mark.parametrize(
    ("flags", "checksum"), [(1, 0x41 + 0x20 + 0x42), (5, 0x41 + 7 * 0x20 + 0x42)]
)
def test_blanks_at_the_end_of_a_line_are_counted_only_where_asked_for(
    terminal: Emulator, flags: int, checksum: int
) -> None:
    query = f"A B\x1b[{flags}#y\x1b[7;1;1;1;1;9*y"
    assert replies(terminal, query) == f"\x1bP7!~{checksum:04X}\x1b\\"


def test_a_checksum_counts_from_the_origin(terminal: Emulator) -> None:
    query = GRID + MARGINS + "\x1b[?6h\x1b[1#y\x1b[1;1;1;1;1;1*y"
    assert replies(terminal, query) == f"\x1bP1!~{ord('g'):04X}\x1b\\"


@pytest.mark.parametrize(
    ("commands", "row", "column"),
    [
        ("\x1b[?45h" + "x" * 11 + "\b\b", 0, 9),
        ("\x1b[?45hx\r\n\b", 1, 0),
        ("\x1b[?1045hx\r\n\b", 0, 9),
        ("\x1b[?1045h\x1b[2;4r\x1b[2;1H\b", 3, 9),
        ("\x1b[?1045h" + "x" * 10 + "\b", 0, 9),
        ("\x1b[?1045h\x1b[?69h\x1b[3;5s\x1b[3;1H\b", 1, 4),
        ("\x1b[?45h" + "x" * 22 + "\x1b[99D", 0, 0),
        ("\x1b[?41h" + "x" * 10 + "\t", 1, 8),
        ("x" * 10 + "\t", 0, 9),
    ],
)
def test_where_wrapping_back_leads(
    terminal: Emulator, commands: str, row: int, column: int
) -> None:
    terminal.feed(commands.encode())
    assert (terminal.cursor.row, terminal.cursor.column) == (row, column)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("ab\x1b[?3h", ["ab"]),
        ("ab\x1b[?40h\x1b[2;3r\x1b[?3hc", ["c"]),
        ("ab\x1b[?40h\x1b[?95h\x1b[?3hc", ["cb"]),
    ],
)
def test_the_screen_is_cleared_for_132_columns_only_where_allowed(
    terminal: Emulator, commands: str, expected: list[str]
) -> None:
    terminal.feed(commands.encode())
    assert screen(terminal) == expected
    assert terminal.columns == 10


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        ("\x1b[?15n", "\x1b[?13n"),
        ("\x1b[?63;9n", "\x1bP9!~0000\x1b\\"),
        ("\x1b[x", "\x1b[2;1;1;128;128;1;0x"),
        ("\x1b[1$p", "\x1b[1;4$y"),
        ("\x1b[14t\x1b[16t\x1b[18t", "\x1b[4;80;80t\x1b[6;16;8t\x1b[8;5;10t"),
        ('\x1b[1"q\x1bP$q"q\x1b\\', '\x1bP1$r1"q\x1b\\'),
        ("\x1b[?69h\x1b[3;4s\x1bP$qs\x1b\\", "\x1bP1$r3;4s\x1b\\"),
        ("\x1b[1;4:3;38;2;1;2;3m\x1bP$qm\x1b\\", "\x1bP1$r0;1;4:3;38:2::1:2:3m\x1b\\"),
        ("\x1b[97;48;5;200;58;5;9m\x1bP$qm\x1b\\", "\x1bP1$r0;97;48:5:200;58:5:9m\x1b\\"),
        ("\x1bP+q436f;5463\x1b\\", "\x1bP1+r436F=323536\x1b\\\x1bP1+r5463\x1b\\"),
        ("\x1bP+q5858;zz;5\x1b\\", "\x1bP0+r5858\x1b\\"),
        ("\x1b]4;1;?\x1b\\", "\x1b]4;1;rgb:cccc/6666/6666\x1b\\"),
        (
            "\x1b]4;1;#fff;2;?;1;?\x07",
            "\x1b]4;2;rgb:b5b5/bdbd/6868\x07\x1b]4;1;rgb:f0f0/f0f0/f0f0\x07",
        ),
        ("\x1b]4;1;rgb:1/2/3\x07\x1b]104;1\x07\x1b]4;1;?\x07", "\x1b]4;1;rgb:cccc/6666/6666\x07"),
        (
            "\x1b]10;rgb:80/00/00;#000080\x07\x1b]10;?;?\x07",
            "\x1b]10;rgb:8080/0000/0000\x07\x1b]11;rgb:0000/0000/8080\x07",
        ),
        ("\x1b]4;999;?\x07\x1b]4;x;?\x07\x1b]10;nonsense\x07\x1b]4\x07", ""),
        ("\x1b]10;?\x07\x1b]11;?\x07\x1b]5;0;?\x07", ""),
        ("\x1b]5;0;#f00\x07\x1b]5;0;?\x07", "\x1b]5;0;rgb:f0f0/0000/0000\x07"),
        ('\x1b[62;1"p\x1b[4$p\x1b[5n', "\x1b[0n"),
    ],
)
def test_queries_are_answered(terminal: Emulator, query: str, reply: str) -> None:
    assert replies(terminal, query) == reply


def test_replies_are_bounded(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[c" * 50_000)
    assert len(terminal.take_replies()) < 70_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u0085b", ["a", "b"]),
        ("ab\u009b1Dc", ["ac"]),
        ("a\u0084b", ["a", " b"]),
        ("a\u0090q\u009cb", ["ab"]),
        ("a\u009d2;t\u009cb", ["ab"]),
        ("a\u009ecd\u009cb", ["ab"]),
        ("a\x1b\n[Cb", ["a", "  b"]),
    ],
)
def test_controls_of_eight_bits_are_those_of_seven(
    terminal: Emulator, text: str, expected: list[str]
) -> None:
    terminal.feed(text.encode())
    assert screen(terminal) == expected


def test_saved_modes_come_back(terminal: Emulator) -> None:
    terminal.feed(b"\x1b[?2004h\x1b[?2004;1004s\x1b[?2004l\x1b[?1004h\x1b[?2004;1004r")
    assert terminal.modes.bracketed_paste
    assert not terminal.modes.focus_events


def test_a_title_can_be_put_aside(terminal: Emulator) -> None:
    terminal.feed(b"\x1b]2;shell\x07\x1b[22;0t\x1b]2;vim\x07")
    assert terminal.title == "vim"
    terminal.feed(b"\x1b[23;0t")
    assert terminal.title == "shell"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 2),
        ("\U0001f1e9\U0001f1ea", 2),
        ("\U0001f1e9\U0001f1ea\U0001f1e9\U0001f1ea", 4),
        ("\u2764\ufe0f", 2),
        ("\U0001f44d\U0001f3fd", 2),
        ("e\u0301", 1),
    ],
)
def test_a_grapheme_is_one_character_where_asked_for(
    terminal: Emulator, text: str, columns: int
) -> None:
    terminal.feed(f"\x1b[?2027h{text}|".encode())
    assert terminal.cursor.column == columns + 1
    assert line(terminal, 0) == f"{text}|"


def test_a_line_of_200_columns_takes_less_than_a_kilobyte_and_a_half() -> None:
    words = b" ".join(b"\x1b[3%dmword%03d" % (number % 8, number) for number in range(24))
    tracemalloc.start()
    try:
        terminal = emulator("pyte", rows=50, columns=200, history=2_000)
        for _ in range(21):
            terminal.feed((words + b"\r\n") * 100)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert terminal.history_lines == 2_000
    assert used < 2_000 * 1_500
