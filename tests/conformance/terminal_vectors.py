"""What a terminal is known to do: bytes in, the screen, the cursor and the replies that follow.

Told after xterm's control sequences, DEC STD 070 and ECMA-48, on a screen of 6 rows and 20 columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROWS, COLUMNS = 6, 20
GRID = "abcde\r\nfghij\r\nklmno\r\npqrst\r\nuvwxy"
"""Five lines of five letters."""
SIDES = "\x1b[?69h"
"""DECLRMM: left and right margins count."""


@dataclass(frozen=True)
class Vector:
    """One piece of behaviour; what is None isn't looked at."""

    about: str
    feed: str
    screen: str | None = None
    """Rows joined by "|", without the blanks at their ends."""
    at: tuple[int, int] | None = None
    """Row and column of the cursor, from 1, as programs count."""
    reply: str | None = None
    differs: dict[str, str] = field(default_factory=dict)
    """Emulators that are known to do something else, and why."""


V = Vector
MARGIN = "going left, the left margin doesn't count"
KEPT = "the last column is kept while a wrap is due, as in Alacritty"

MOTION = (
    V("CUU stops at the top margin", "\x1b[3;5r\x1b[4;2H\x1b[9A", at=(3, 2)),
    V("CUU from above the margin goes to the top", "\x1b[3;5r\x1b[2;2H\x1b[9A", at=(1, 2)),
    V("CUD stops at the bottom margin", "\x1b[2;4r\x1b[3;2H\x1b[9B", at=(4, 2)),
    V("CUD from below the margin goes to the end", "\x1b[2;4r\x1b[5;2H\x1b[9B", at=(6, 2)),
    V("CUF stops at the right margin", SIDES + "\x1b[5;10s\x1b[2;7H\x1b[99C", at=(2, 10)),
    V("CUF from right of it goes on", SIDES + "\x1b[5;10s\x1b[2;12H\x1b[99C", at=(2, 20)),
    V(
        "CUB stops at the left margin",
        SIDES + "\x1b[5;10s\x1b[2;7H\x1b[99D",
        at=(2, 5),
        differs={"ghostty": MARGIN},
    ),
    V("CUB from left of it goes on", SIDES + "\x1b[5;10s\x1b[2;4H\x1b[99D", at=(2, 1)),
    V("a count of 0 is 1", "\x1b[3;5H\x1b[0A\x1b[0D", at=(2, 4)),
    V("CNL goes to the first column", "\x1b[2;5H\x1b[2E", at=(4, 1)),
    V("CPL goes to the first column", "\x1b[4;5H\x1b[2F", at=(2, 1)),
    V("CNL stops at the bottom margin", "\x1b[2;4r\x1b[3;5H\x1b[9E", at=(4, 1)),
    V("CHA keeps the row", "\x1b[3;5H\x1b[9G", at=(3, 9)),
    V("HPA keeps the row", "\x1b[3;5H\x1b[9`", at=(3, 9)),
    V("HPR goes right", "\x1b[3;5H\x1b[3a", at=(3, 8)),
    V("HPR stops at the edge", "\x1b[3;5H\x1b[99a", at=(3, 20)),
    V("VPA keeps the column", "\x1b[3;5H\x1b[2d", at=(2, 5)),
    V("VPR goes down", "\x1b[3;5H\x1b[2e", at=(5, 5)),
    V("VPR stops at the edge", "\x1b[3;5H\x1b[99e", at=(6, 5)),
    V("CUP takes a missing row as 1", "\x1b[;7H", at=(1, 7)),
    V("CUP takes 0 as 1", "\x1b[0;0H", at=(1, 1)),
    V("HVP is CUP", "\x1b[4;6f", at=(4, 6)),
    V("origin mode counts from the margin", "\x1b[3;5r\x1b[?6h\x1b[2;2Hx", "|||" + " x", (4, 3)),
    V("origin mode holds in the margins", "\x1b[3;5r\x1b[?6h\x1b[99;2H", at=(5, 2)),
    V("setting origin mode goes home", "\x1b[3;5r\x1b[6;6H\x1b[?6h", at=(3, 1)),
    V("resetting origin mode goes home", "\x1b[3;5r\x1b[?6h\x1b[2;2H\x1b[?6l", at=(1, 1)),
    V(
        "origin mode counts from the left margin",
        SIDES + "\x1b[5;10s\x1b[2;4r\x1b[?6h\x1b[1;1HX",
        "|    X",
        (2, 6),
    ),
    V("CPR counts as origin mode does", "\x1b[3;5r\x1b[?6h\x1b[2;2H\x1b[6n", reply="\x1b[2;2R"),
    V("CR goes to the left margin", SIDES + "\x1b[5;10s\x1b[2;7H\r", at=(2, 5)),
    V("CR from left of the margin goes to 1", SIDES + "\x1b[5;10s\x1b[2;3H\r", at=(2, 1)),
    V(
        "BS stops at the left margin",
        SIDES + "\x1b[5;10s\x1b[2;5H\b",
        at=(2, 5),
        differs={"ghostty": MARGIN},
    ),
    V("DECSLRM goes home", SIDES + "\x1b[3;3H\x1b[5;10s", at=(1, 1)),
    V("DECSTBM goes home", "\x1b[3;3H\x1b[2;4r", at=(1, 1)),
    V("a margin of one line is refused", "\x1b[3;3H\x1b[4;4r", at=(3, 3)),
    V("an upside down margin is refused", "\x1b[3;3H\x1b[5;2r", at=(3, 3)),
    V("a margin past the end is cut", "x\x1b[1;99r\x1b[6;1H\ny", "||||" + "|y"),
    V("VT and FF are line feeds", "a\x0bb\x0cc", "a| b|  c", (3, 4)),
    V("LNM makes LF a new line", "\x1b[20ha\nb", "a|b", (2, 2)),
    V("NEL goes to the next line", "abc\x1bEd", "abc|d"),
    V("IND goes down in its column", "abc\x1bDd", "abc|   d"),
    V("controls act inside of a sequence", "ab\x1b[\b2;\r3Hx", "ab|  x"),
    V("CAN ends a sequence", "a\x1b[31\x18mb", "amb"),
    V("SUB ends a sequence", "a\x1b[31\x1ab", None, (1, 3)),
    V("ESC starts anew in a sequence", "a\x1b[31\x1b[2Cb", "a  b"),
    V("NUL and DEL are nothing", "a\x00\x7fb", "ab"),
    V("BEL in a sequence rings and no more", "a\x1b[\x073Cb", "a   b"),
)

TABS = (
    V("a tab stop can be set", "\x1b[1;5H\x1bH\r\t", at=(1, 5)),
    V(
        "TBC 0 removes one stop",
        "\x1b[1;9H\x1b[g\r\t",
        at=(1, 17),
        differs={"ghostty": "TBC needs its 0"},
    ),
    V("TBC 3 removes all stops", "\x1b[3g\r\t", at=(1, 20)),
    V("CHT counts stops", "\x1b[2I", at=(1, 17)),
    V("CBT counts stops", "\x1b[1;20H\x1b[2Z", at=(1, 9)),
    V("CBT stops at the edge", "\x1b[1;5H\x1b[9Z", at=(1, 1)),
    V("a tab at the edge moves nothing", "\t\t\t\tx\ty", " " * 19 + "x|y", (2, 2)),
    V("a tab stops at the right margin", SIDES + "\x1b[2;13s\x1b[1;9H\t\t", at=(1, 13)),
    V("RIS puts the stops back", "\x1b[3g\x1b[1;4H\x1bH\x1bc\t", at=(1, 9)),
    V("DECST8C puts the stops back", "\x1b[3g\x1b[?5W\t", at=(1, 9)),
    V("a tab writes nothing over", "abcdefghij\r\tX", "abcdefghXj"),
)

WRAP = (
    V("the last column holds the cursor", "\x1b[1;19Hab\x1b[6n", reply="\x1b[1;20R"),
    V("BS from there goes one back", "\x1b[1;19Hab\bX", " " * 18 + "Xb"),
    V("CR from there keeps the row", "\x1b[1;20Ha\rb", "b" + " " * 18 + "a"),
    V("LF from there keeps the column", "\x1b[1;20Ha\n", at=(2, 20)),
    V("CUF from there writes over", "\x1b[1;20Ha\x1b[Cb", " " * 19 + "b"),
    V(
        "EL from there erases the last one",
        "\x1b[1;18Habc\x1b[K",
        " " * 17 + "ab",
        (1, 20),
        differs={"pyte": KEPT},
    ),
    V(
        "ED from there erases the last one",
        "\x1b[1;18Habc\x1b[J",
        " " * 17 + "ab",
        (1, 20),
        differs={"pyte": KEPT},
    ),
    V("a style change from there keeps the wrap", "\x1b[1;20Ha\x1b[1mb", " " * 19 + "a|b"),
    V("saving and restoring keeps the wrap", "\x1b[1;20Ha\x1b7\x1b[3;3H\x1b8b", " " * 19 + "a|b"),
    V(
        "DECAWM off drops the wrap",
        "\x1b[1;19Hab\x1b[?7l\x1b[?7hc",
        " " * 18 + "ac",
        differs={"ghostty": "the wrap stays due"},
    ),
    V("wrapping at the bottom scrolls", "1\r\n2\x1b[6;20Hxy", "2||||" + " " * 19 + "x|y"),
    V("wrapping below the margin does not", "1\x1b[2;3r\x1b[6;20Hxy", "1|||||y" + " " * 18 + "x"),
    V(
        "text wraps in the side margins",
        SIDES + "\x1b[5;9s\x1b[1;8Habcdef",
        "       ab|    cdef",
        (2, 9),
    ),
    V(
        "without wrap the right margin holds",
        SIDES + "\x1b[5;9s\x1b[?7l\x1b[1;8Habcdef",
        "       af",
        (1, 9),
    ),
    V(
        "text from left of the margin wraps in it",
        SIDES + "\x1b[2;4sabcdefgh",
        "abcd| efg| h",
    ),
    V("reverse wrap goes up", "\x1b[?45h" + "x" * 20 + "y\b\b", at=(1, 20)),
    V("reverse wrap needs DECAWM", "\x1b[?45h\x1b[?7l\x1b[2;1H\b", at=(2, 1)),
    V("without reverse wrap BS stays", "\x1b[2;1H\b", at=(2, 1)),
    V("REP wraps", "\x1b[1;18Ha\x1b[4b", " " * 17 + "aaa|aa"),
    V("REP repeats once by default", "a\x1b[b", "aa"),
    V("REP without a character does nothing", "\x1b[5b", ""),
    V("REP repeats a wide character", "界\x1b[2b", "界界界"),
    V("REP stays in the side margins", SIDES + "\x1b[2;4s\x1b[1;2Ha\x1b[3b", " aaa| a"),
)

SCROLL = (
    V("SU keeps the cursor", GRID + "\x1b[2;3H\x1b[2S", "klmno|pqrst|uvwxy", (2, 3)),
    V("SD keeps the cursor", GRID + "\x1b[2;3H\x1b[2T", "||abcde|fghij|klmno|pqrst", (2, 3)),
    V("SU in the margins", GRID + "\x1b[2;4r\x1b[S", "abcde|klmno|pqrst||uvwxy"),
    V("SD in the margins", GRID + "\x1b[2;4r\x1b[T", "abcde||fghij|klmno|uvwxy"),
    V("SU by more than there is", GRID + "\x1b[2;4r\x1b[99S", "abcde||||uvwxy"),
    V(
        "SU between side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2S",
        "almne|fqrsj|kvwxo|p   t|u   y",
    ),
    V(
        "SD between side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2T",
        "a   e|f   j|kbcdo|pghit|ulmny| qrs",
    ),
    V(
        "SD in all margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;4r\x1b[2T",
        "abcde|f   j|k   o|pghit|uvwxy",
    ),
    V(
        "LF at the bottom margin, between side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;4r\x1b[4;3H\n",
        "abcde|flmnj|kqrso|p   t|uvwxy",
    ),
    V(
        "LF at the bottom margin, outside of the side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;4r\x1b[4;6H\n",
        "abcde|fghij|klmno|pqrst|uvwxy",
        (4, 6),
    ),
    V(
        "RI at the top margin, between side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;4r\x1b[2;3H\x1bM",
        "abcde|f   j|kghio|plmnt|uvwxy",
    ),
    V(
        "RI at the top margin, outside of the side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;4r\x1b[2;6H\x1bM",
        "abcde|fghij|klmno|pqrst|uvwxy",
        (2, 6),
    ),
    V("RI above the margin stops at the top", "\x1b[3;5r\x1b[2;2Hx\x1bM\x1bM\x1bM", "| x", (1, 3)),
    V("LF below the margin stops at the end", "1\x1b[2;3r\x1b[6;1Hx\n\n", "1|||||x", (6, 2)),
    V("IL in the margins", GRID + "\x1b[2;4r\x1b[3;3H\x1b[L", "abcde|fghij||klmno|uvwxy", (3, 1)),
    V("DL in the margins", GRID + "\x1b[2;4r\x1b[2;3H\x1b[M", "abcde|klmno|pqrst||uvwxy", (2, 1)),
    V("IL outside of them", GRID + "\x1b[2;4r\x1b[1;3H\x1b[L", "abcde|fghij|klmno|pqrst|uvwxy"),
    V("DL outside of them", GRID + "\x1b[2;4r\x1b[5;3H\x1b[M", "abcde|fghij|klmno|pqrst|uvwxy"),
    V(
        "IL between side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;3H\x1b[L",
        "abcde|f   j|kghio|plmnt|uqrsy| vwx",
    ),
    V(
        "DL between side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;3H\x1b[M",
        "abcde|flmnj|kqrso|pvwxt|u   y",
    ),
    V(
        "DL outside of the side margins",
        GRID + SIDES + "\x1b[2;4s\x1b[2;1H\x1b[M",
        "abcde|fghij|klmno|pqrst|uvwxy",
    ),
)

EDIT = (
    V("ED 1 takes the cursor's cell", GRID + "\x1b[3;2H\x1b[1J", "||  mno|pqrst|uvwxy"),
    V("ED 3 leaves the screen", GRID + "\x1b[3;2H\x1b[3J", GRID.replace("\r\n", "|"), (3, 2)),
    V("ED ignores margins", GRID + "\x1b[2;3r\x1b[2;3H\x1b[J", "abcde|fg"),
    V("ECH keeps the cursor", GRID + "\x1b[2;2H\x1b[2X", "abcde|f  ij|klmno|pqrst|uvwxy", (2, 2)),
    V("ECH stops at the edge", "ab\r\ncd\x1b[1;2H\x1b[99X", "a|cd"),
    V("ICH pushes off the edge", "x" * 20 + "\x1b[1;2H\x1b[2@", "x  " + "x" * 17, (1, 2)),
    V(
        "ICH between side margins",
        "abcdefg" + SIDES + "\x1b[2;5s\x1b[1;3H\x1b[@",
        "ab cdfg",
    ),
    V("ICH outside of them", "abcdefg" + SIDES + "\x1b[2;5s\x1b[1;1H\x1b[@", "abcdefg"),
    V(
        "DCH between side margins",
        "abcdefg" + SIDES + "\x1b[2;5s\x1b[1;3H\x1b[P",
        "abde fg",
    ),
    V("DCH outside of them", "abcdefg" + SIDES + "\x1b[2;5s\x1b[1;1H\x1b[P", "abcdefg"),
    V("DCH by more than there is", "abcdefg\x1b[1;3H\x1b[99P", "ab"),
    V("insert mode in side margins", "abcdefg" + SIDES + "\x1b[2;5s\x1b[4h\x1b[1;3HX", "abXcdfg"),
    V("insert mode pushes", "abc\x1b[4h\x1b[1;2HXY\x1b[4lZ", "aXYZc"),
    V("insert mode pushes wide ones", "abc\x1b[4h\x1b[1;2H界", "a界bc"),
    V("DCH of half a wide one blanks it", "a界b\x1b[1;3H\x1b[P", "a b"),
    V("ICH into a wide one blanks it", "a界b\x1b[1;3H\x1b[@", "a   b"),
    V("ECH of half a wide one blanks it", "a界b\x1b[1;2H\x1b[X", "a  b"),
    V("EL of half a wide one blanks it", "a界b\x1b[1;3H\x1b[K", "a"),
    V("a wide one over half of another", "a界b\x1b[1;3H世", "a 世"),
    V("DECSEL spares what is protected", 'a\x1b[1"qb\x1b[0"qc\x1b[?2K', " b"),
    V("DECSED spares what is protected", 'a\x1b[1"qb\x1b[2"qc\r\nd\x1b[?2J', " b"),
    V("EL spares nothing", 'a\x1b[1"qb\x1b[0"qc\x1b[2K', ""),
    V("DECSED 0 starts at the cursor", 'abc\x1b[1"qd\x1b[0"qe\x1b[1;2H\x1b[?J', "a  d"),
    V("DECALN fills and goes home", "\x1b[3;3H\x1b#8", "|".join(["E" * 20] * 6), (1, 1)),
    V("DECALN removes margins", "\x1b[2;3r\x1b#8\x1b[3;1H\x1b[2B", at=(5, 1)),
)

RESETS = (
    V("DECSTR keeps the screen and the cursor", "ab\x1b[3;3H\x1b[!p", "ab", (3, 3)),
    V("DECSTR removes margins", "\x1b[2;3r\x1b[!p\x1b[3;1H\n\n", at=(5, 1)),
    V("DECSTR leaves origin mode", "\x1b[2;3r\x1b[?6h\x1b[!p\x1b[1;1HX", "X"),
    V("DECSTR leaves insert mode", "ab\x1b[4h\x1b[!p\rX", "Xb"),
    V("DECSTR forgets the saved cursor", "\x1b[3;3H\x1b7\x1b[!p\x1b8", at=(1, 1)),
    V("DECSTR leaves line drawing", "\x1b(0\x1b[!pq", "q"),
    V("RIS goes home", "ab\x1b[3;3H\x1bc", "", (1, 1)),
    V("RIS removes margins", "\x1b[2;3r\x1bc\x1b[3;1H\n\n", at=(5, 1)),
    V("RIS leaves insert mode", "\x1b[4h\x1bcab\rX", "Xb"),
    V("DECRC without DECSC goes home", "\x1b[3;3H\x1b8", at=(1, 1)),
    V("DECSC keeps the charset", "\x1b(0\x1b7\x1b(B\x1b8q", "─"),
    V("DECSC keeps origin mode", "\x1b7\x1b[2;4r\x1b[?6h\x1b8\x1b[1;1HX", "X"),
    V("SCOSC and SCORC", "\x1b[2;3H\x1b[s\x1b[5;5H\x1b[u", at=(2, 3)),
    V("1048 saves and restores", "\x1b[2;3H\x1b[?1048h\x1b[5;5H\x1b[?1048l", at=(2, 3)),
    V(
        "DECSC reaches both screens on its own",
        "\x1b[2;3H\x1b7\x1b[?47h\x1b[4;4H\x1b7\x1b[?47l\x1b8",
        at=(2, 3),
    ),
)

SCREENS = (
    V("47 keeps the cursor", "ab\x1b[?47h", "", (1, 3)),
    V("47 back keeps the cursor", "ab\x1b[?47h\x1b[3;3H\x1b[?47l", "ab", (3, 3)),
    V("47 keeps what was there", "\x1b[?47hxy\x1b[?47l\x1b[?47h", "xy"),
    V("1047 clears what was there", "\x1b[?1047hxy\x1b[?1047l\x1b[?1047h", ""),
    V("1049 clears what was there", "\x1b[?1049hxy\x1b[?1049l\x1b[?1049h", ""),
    V("1049 restores the cursor", "ab\x1b[?1049h\x1b[4;4H\x1b[?1049l", "ab", (1, 3)),
    V("1049 twice is once", "ab\x1b[?1049h\x1b[?1049hx\x1b[?1049l", "ab", (1, 3)),
    V("1049 off without on restores a saved cursor", "\x1b[3;3Hx\x1b[?1049l", "||  x"),
    V("ED 2 on the alternate screen keeps no line", "ab\x1b[?1049h" + GRID + "\x1b[2J", ""),
    V("RIS leaves the alternate screen", "ab\x1b[?1049hxy\x1bcz", "z"),
)

CHARSETS = (
    V("SO and SI change to G1 and back", "\x1b)0\x0eq\x0fq", "─q"),
    V("G0 may be line drawing", "\x1b(0lqkx\x1b(B", "┌─┐│"),
    V("only small letters are drawn", "\x1b(0AjZ", "A┘Z"),
    V("the UK set has a pound", "\x1b(A#\x1b(B#", "£#"),
    V("SS2 takes one character of G2", "\x1b*0\x1bNqq", "─q"),
    V("SS3 takes one character of G3", "\x1b+0\x1bOqq", "─q"),
    V("LS2 takes G2 from there on", "\x1b*0\x1bnqq\x0fq", "──q"),
    V(
        "other characters stay in line drawing",
        "\x1b(0é界q",
        "é界─",
        differs={"ghostty": "what isn't Latin becomes a blank"},
    ),
    V("UTF-8 is chosen to no effect", "\x1b%Gé\x1b%@", "é"),
)

WIDTHS = (
    V("a wide one that doesn't fit wraps", "x" * 19 + "界", "x" * 19 + "|界", (2, 3)),
    V("a wide one without wrap", "\x1b[?7l" + "x" * 19 + "界", None, (1, 20)),
    V("combining marks add no column", "e\u0301\u0302x", "e\u0301\u0302x", (1, 3)),
    V("a mark after the last column stays there", "\x1b[1;20He\u0301x", " " * 19 + "e\u0301|x"),
    V("a mark with nothing before it", "\u0301x", None, (1, 2)),
    V("a zero width space is none", "a\u200bb", None, (1, 3)),
    V("fullwidth letters are wide", "ＡＢ", "ＡＢ", (1, 5)),
    V("Hangul syllables are wide", "한글", "한글", (1, 5)),
    V("broken UTF-8 is shown as such", "a\ufffdb", "a\ufffdb", (1, 4)),
    V("emoji are wide", "🦀x", "🦀x", (1, 4)),
)

REPLIES = (
    V("DSR", "\x1b[5n", reply="\x1b[0n"),
    V("CPR", "\x1b[2;3H\x1b[6n", reply="\x1b[2;3R"),
    V("DECXCPR", "\x1b[2;3H\x1b[?6n", reply="\x1b[?2;3R", differs={"ghostty": "not answered"}),
    V("DECRQM of an ANSI mode", "\x1b[4$p\x1b[4h\x1b[4$p", reply="\x1b[4;2$y\x1b[4;1$y"),
    V("DECRQM of LNM", "\x1b[20h\x1b[20$p", reply="\x1b[20;1$y"),
    V("DECRQM of DECAWM", "\x1b[?7$p\x1b[?7l\x1b[?7$p", reply="\x1b[?7;1$y\x1b[?7;2$y"),
    V("DECRQM of DECTCEM", "\x1b[?25$p", reply="\x1b[?25;1$y"),
    V("DECRQM of 2026", "\x1b[?2026$p", reply="\x1b[?2026;2$y"),
    V("DECRQM of SGR mouse", "\x1b[?1006h\x1b[?1006$p", reply="\x1b[?1006;1$y"),
    V("DECRQM of 1049", "\x1b[?1049$p", reply="\x1b[?1049;2$y"),
    V("DECRQSS of the margins", "\x1b[2;5r\x1bP$qr\x1b\\", reply="\x1bP1$r2;5r\x1b\\"),
    V("DECRQSS of SGR", "\x1b[1;31m\x1bP$qm\x1b\\", reply="\x1bP1$r0;1;31m\x1b\\"),
    V("DECRQSS of the cursor", "\x1b[4 q\x1bP$q q\x1b\\", reply="\x1bP1$r4 q\x1b\\"),
    V("DECRQSS of what is unknown", "\x1bP$qz\x1b\\", reply="\x1bP0$r\x1b\\"),
    V("the size in cells", "\x1b[18t", reply="\x1b[8;6;20t"),
    V("kitty keyboard is asked for", "\x1b[?u", reply="\x1b[?0u"),
    V("kitty keyboard is told", "\x1b[>5u\x1b[?u", reply="\x1b[?5u"),
    V("kitty keyboard is popped", "\x1b[>1u\x1b[>3u\x1b[<u\x1b[?u", reply="\x1b[?1u"),
    V("kitty keyboard is set by bits", "\x1b[=1u\x1b[=4;2u\x1b[?u", reply="\x1b[?5u"),
    V("the screens keep a keyboard each", "\x1b[>1u\x1b[?1049h\x1b[?u", reply="\x1b[?0u"),
    V("the clipboard is not given away", "\x1b]52;c;?\x1b\\", reply=""),
    V("the title is not given away", "\x1b]2;rm -rf\x07\x1b[21t", reply=""),
    V("ENQ is not answered", "\x05", reply=""),
    V("a reply is no text", "\x1b[0n\x1b[1;1R\x1b[?62c", "", reply=""),
)

AREAS = {
    "motion": MOTION,
    "tabs": TABS,
    "wrap": WRAP,
    "scroll": SCROLL,
    "edit": EDIT,
    "resets": RESETS,
    "screens": SCREENS,
    "charsets": CHARSETS,
    "widths": WIDTHS,
    "replies": REPLIES,
}
