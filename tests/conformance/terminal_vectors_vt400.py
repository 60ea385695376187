"""More of `terminal_vectors`: what the VT400 and xterm added to the VT100."""

from __future__ import annotations

from dataclasses import replace

from tests.conformance.terminal_vectors import GRID, SIDES, Vector

V = Vector
BLOCK = "abcdefgh\r\nijklmnop\r\nqrstuvwx\r\nyz012345\r\nABCDEFGH\r\nIJKLMNOP"
"""Six lines of eight letters."""
MARGINS = SIDES + "\x1b[2;4s\x1b[2;4r"


def lacking(*vectors: Vector) -> tuple[Vector, ...]:
    """Ghostty has none of these, and few programs ask for them."""
    return tuple(replace(vector, differs={"ghostty": "not in the library"}) for vector in vectors)


COLUMN_EDITS = (
    *lacking(
        V("DECBI goes left", "\x1b[2;5H\x1b6", at=(2, 4)),
        V("DECBI at the edge moves the screen", "x\r\ny\x1b[1;1H\x1b6", " x| y"),
        V(
            "DECBI at the left margin moves what is in the margins",
            GRID + MARGINS + "\x1b[3;2H\x1b6",
            "abcde|f ghj|k lmo|p qrt|uvwxy",
        ),
        V("DECFI goes right", "\x1b[2;5H\x1b9", at=(2, 6)),
        V("DECFI at the edge moves the screen", "ab\x1b[1;20H\x1b9", "b"),
        V(
            "DECFI at the right margin moves what is in the margins",
            GRID + MARGINS + "\x1b[3;4H\x1b9",
            "abcde|fhi j|kmn o|prs t|uvwxy",
        ),
        V("DECIC inserts in every row", "abc\r\nABC\x1b[1;2H\x1b['}", "a bc|A BC"),
        V(
            "DECIC stays in the margins",
            "abcdefg\r\nABCDEFG" + SIDES + "\x1b[2;5s\x1b[1;3H\x1b['}",
            "ab cdfg|AB CDFG",
        ),
        V("DECDC deletes in every row", "abc\r\nABC\x1b[1;2H\x1b['~", "ac|AC"),
        V(
            "DECDC stays in the margins",
            "abcdefg\r\nABCDEFG" + SIDES + "\x1b[2;5s\x1b[1;3H\x1b['~",
            "abde fg|ABDE FG",
        ),
    ),
    *lacking(
        V("SL moves the screen left", "abc\r\nABC\x1b[1;3H\x1b[ @", "bc|BC", (1, 3)),
        V("SR moves the screen right", "abc\r\nABC\x1b[1;3H\x1b[2 A", "  abc|  ABC", (1, 3)),
    ),
    V("DECIC outside of the margins", "abcdefg" + SIDES + "\x1b[2;5s\x1b[H\x1b[9'}", "abcdefg"),
)

RECTANGLES = (
    *lacking(
        V(
            "DECFRA fills",
            BLOCK + "\x1b[37;3;5;5;7$x",
            "abcdefgh|ijklmnop|qrst%%%x|yz01%%%5|ABCD%%%H|IJKLMNOP",
        ),
        V("DECFRA fills the screen by default", "\x1b[33$x", "|".join(["!" * 20] * 6)),
        V(
            "DECFRA counts as origin mode does",
            BLOCK + SIDES + "\x1b[2;9s\x1b[2;6r\x1b[?6h\x1b[37;1;1;3;3$x",
            "abcdefgh|i%%%mnop|q%%%uvwx|y%%%2345|ABCDEFGH|IJKLMNOP",
        ),
        V(
            "DECERA erases",
            BLOCK + "\x1b[3;5;5;7$z",
            "abcdefgh|ijklmnop|qrst   x|yz01   5|ABCD   H|IJKLMNOP",
        ),
        V("DECSERA spares what is protected", 'ab\x1b[1"qc\x1b[0"qd\x1b[1;1;1;4${', "  c"),
        V(
            "DECCRA copies",
            BLOCK + "\x1b[2;2;3;3;1;5;5;1$v",
            "abcdefgh|ijklmnop|qrstuvwx|yz012345|ABCDjkGH|IJKLrsOP",
        ),
        V(
            "DECCRA copies over itself",
            BLOCK + "\x1b[1;1;3;3;1;2;2;1$v",
            "abcdefgh|iabcmnop|qijkuvwx|yqrs2345|ABCDEFGH|IJKLMNOP",
        ),
        V("DECRQCRA sums up", "a\x1b[1;0;1;1;1;1*y", reply="\x1bP1!~FF9F\x1b\\"),
    ),
    V("an upside down rectangle is none", BLOCK + "\x1b[37;5;5;4;4$x", BLOCK.replace("\r\n", "|")),
    V("DECFRA keeps the cursor", BLOCK + "\x1b[3;3H\x1b[37;1;1;2;2$x", at=(3, 3)),
    V("DECCARA changes no text", BLOCK + "\x1b[1;1;2;2;1$r", BLOCK.replace("\r\n", "|")),
)

PROTECTION = (
    V("ED spares what SPA guards", "ab\x1bVc\x1bW\x1b[H\x1b[J", "  c"),
    V("EL spares what SPA guards", "ab\x1bVc\x1bW\x1b[H\x1b[2K", "  c"),
    V("ECH spares what SPA guards", "ab\x1bVc\x1bW\x1b[H\x1b[3X", "  c"),
    V("DECSED spares what SPA guards, as in xterm", "ab\x1bVc\x1bW\x1b[H\x1b[?2J", "  c"),
    V("ECH doesn't spare what DECSCA guards", 'a\x1b[1"qb\x1b[0"q\x1b[H\x1b[2X', ""),
    V("a soft reset ends DECSCA", '\x1b[1"q\x1b[!p\x1b[HX\x1b[?2J', ""),
)

XTERM = (
    V("1045 goes up from the left margin", SIDES + "\x1b[?1045h\x1b[5;10s\x1b[3;5H\b", at=(2, 10)),
    V("1045 goes up from left of it", SIDES + "\x1b[?1045h\x1b[5;10s\x1b[3;1H\b", at=(2, 10)),
    V("1045 goes from the top to the bottom", "\x1b[?1045h\b", at=(6, 20)),
    V("1045 stays in the margins", "\x1b[?1045h\x1b[2;5r\x1b[2;1H\b", at=(5, 20)),
    V("1045 needs DECAWM", "\x1b[?7l\x1b[?1045h\x1b[3;1H\b", at=(3, 1)),
    V("45 goes up in a line that was wrapped", "x" * 24 + "\x1b[?45h" + "\b" * 9, at=(1, 16)),
    V("45 goes up in no other line", "\x1b[?45habc\r\n\x1b[2;1H\b", at=(2, 1)),
    V("45 goes up by CUB too", "\x1b[1;19Habcd\x1b[?45h\x1b[4D", at=(1, 19)),
    V("45 and a due wrap", "\x1b[?45h\x1b[1;19Hab\b", at=(1, 20)),
    V("a soft reset ends 45", "x" * 21 + "\x1b[?45h\x1b[!p\x1b[2;1H\b", at=(2, 1)),
    V("modes are saved and restored", "\x1b[?7s\x1b[?7l\x1b[?7r\x1b[1;20Hab", " " * 19 + "a|b"),
    V("DECSC works between side margins", SIDES + "\x1b[5;6H\x1b7\x1b[H\x1b8", at=(5, 6)),
    V("a soft reset ends side margins", SIDES + "\x1b[5;6s\x1b[!p\x1b[5;5Hab", at=(5, 7)),
    V("RIS ends side margins", SIDES + "\x1b[3;5s\x1bc\x1b[1;5H\x1b[C", at=(1, 6)),
    V("a column is counted from the left margin", SIDES + "\x1b[5;10s\x1b[?6h\x1b[2G", at=(1, 6)),
    V("CUP is held by the right margin", SIDES + "\x1b[5;10s\x1b[?6h\x1b[1;99H", at=(1, 10)),
    V("CNL goes to the left margin", SIDES + "\x1b[5;10s\x1b[2;7H\x1b[E", at=(3, 5)),
    V("DECCOLM needs mode 40", "ab\x1b[?3h", "ab"),
    V("DECCOLM clears and keeps the width", "ab\x1b[?40h\x1b[?3h\x1b[18t", "", (1, 1)),
    V("double height is plain text", "\x1b#3ab\r\n\x1b#4ab\r\n\x1b#6w", "ab|ab|w"),
)

QUERIES = (
    V("DECRQM of side margins", SIDES + "\x1b[?69$p", reply="\x1b[?69;1$y"),
    V("DECRQM of origin mode", "\x1b[?6$p", reply="\x1b[?6;2$y"),
    V("DECRQM of reverse screen", "\x1b[?5h\x1b[?5$p", reply="\x1b[?5;1$y"),
    V("DECRQM of the keypad", "\x1b[?66h\x1b[?66$p", reply="\x1b[?66;1$y"),
    V("DECRQM of KAM", "\x1b[2$p", reply="\x1b[2;2$y"),
    V("DECRQSS of the side margins", SIDES + "\x1b[3;4s\x1bP$qs\x1b\\", reply="\x1bP1$r3;4s\x1b\\"),
    V(
        "a colour is set and told",
        "\x1b]4;1;#aabbcc\x1b\\\x1b]4;1;?\x1b\\",
        reply="\x1b]4;1;rgb:aaaa/bbbb/cccc\x1b\\",
    ),
    V(
        "a colour is told as it was asked",
        "\x1b]4;200;rgb:12/34/56\x07\x1b]4;200;?\x07",
        reply="\x1b]4;200;rgb:1212/3434/5656\x07",
    ),
    V(
        "the background is set and told",
        "\x1b]11;#102030\x07\x1b]11;?\x07",
        reply="\x1b]11;rgb:1010/2020/3030\x07",
    ),
    V(
        "the number of colours is told",
        "\x1bP+q436F\x1b\\",
        reply="\x1bP1+r436F=323536\x1b\\",
    ),
    *lacking(
        V("DECRQSS of DECSCA", '\x1b[1"q\x1bP$q"q\x1b\\', reply='\x1bP1$r1"q\x1b\\'),
        V("DSR of a printer", "\x1b[?15n", reply="\x1b[?13n"),
        V("DSR of user keys", "\x1b[?25n", reply="\x1b[?20n"),
        V("DSR of integrity", "\x1b[?75n", reply="\x1b[?70n"),
    ),
)

VT400_AREAS = {
    "column edits": COLUMN_EDITS,
    "rectangles": RECTANGLES,
    "protection": PROTECTION,
    "xterm": XTERM,
    "queries": QUERIES,
}
