"""What each control sequence does to the pyte screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from pyte import control, escape

from vibetui.terminals.emulators.pyte_colors import Colors
from vibetui.terminals.emulators.pyte_grid import DECLRMM
from vibetui.terminals.emulators.pyte_rectangles import Rectangles
from vibetui.terminals.emulators.pyte_reports import HIGHEST_LEVEL, Reports
from vibetui.terminals.emulators.pyte_screen import PyteScreen
from vibetui.terminals.emulators.text import clean_link, clean_title, decode_clipboard

_MAX_NUMBER = 65_535
_MAX_TITLES = 10
_SHAPES = ("block", "block", "block", "underline", "underline", "bar", "bar")
_BLINKING_CURSOR = 12
_KEYPAD = 66
_COLUMN_MARGINS = 64
"""The conformance level that has them."""

_Args = list[int]


@lru_cache(maxsize=4096)
def _numbers(params: str) -> _Args:
    """Parameters as numbers, 0 for those left out; sub-parameters are dropped."""
    found: _Args = []
    for part in params.split(";")[:32]:
        digits = part.partition(":")[0][:9]
        found.append(min(int(digits or 0), _MAX_NUMBER))
    return found


class Commands:
    """A `ParserTarget` that drives one `PyteScreen`."""

    def __init__(self, screen: PyteScreen) -> None:
        self._screen = screen
        self._rectangles = Rectangles(screen)
        self.reports = Reports(screen, self._rectangles)
        self._colors = Colors()
        self.title = ""
        self._titles: list[str] = []
        self.bells = 0
        self.clipboard: str | None = None
        self.draw = screen.draw
        self._controls: dict[str, Callable[[], None]] = {
            control.BEL: self._ring,
            control.BS: lambda: screen.back(1),
            control.HT: screen.tab,
            control.LF: screen.line_feed,
            control.VT: screen.line_feed,
            control.FF: screen.line_feed,
            control.CR: screen.carriage_return,
            control.SO: lambda: screen.charsets.lock(1),
            control.SI: lambda: screen.charsets.lock(0),
        }
        self._escapes = self._escape_table(screen)
        # One numeric parameter, which counts as 1 where it is 0 or left out.
        self._counted = self._counted_table(screen)
        self._sequences = {
            **self._screen_table(screen),
            **self._mode_table(screen),
            **self._query_table(self.reports),
        }

    def _escape_table(self, screen: PyteScreen) -> dict[str, Callable[[], None]]:
        return {
            "6": screen.back_index,
            escape.DECSC: screen.save_cursor,
            escape.DECRC: screen.restore_cursor,
            "9": screen.forward_index,
            "=": lambda: screen.set_private(_KEYPAD, on=True),
            ">": lambda: screen.set_private(_KEYPAD, on=False),
            escape.IND: screen.index,
            escape.NEL: screen.new_line,
            escape.HTS: screen.set_tab,
            escape.RI: screen.reverse_index,
            "N": lambda: screen.charsets.shift_once(2),
            "O": lambda: screen.charsets.shift_once(3),
            "V": lambda: screen.set_protection(True, "iso"),
            "W": lambda: screen.set_protection(False, screen.protection),
            "Z": lambda: self.reports.device_attributes([0]),
            escape.RIS: self._reset,
            "n": lambda: screen.charsets.lock(2),
            "o": lambda: screen.charsets.lock(3),
            "#8": screen.alignment_display,
        }

    def _counted_table(self, screen: PyteScreen) -> dict[str, Callable[[int], None]]:
        return {
            escape.ICH: screen.insert_characters,
            escape.CUU: screen.up,
            escape.CUD: screen.down,
            escape.CUF: screen.forward,
            escape.CUB: screen.back,
            escape.CNL: screen.next_line,
            escape.CPL: screen.previous_line,
            escape.CHA: screen.to_column,
            "I": screen.tab_forward,
            escape.IL: screen.insert_lines,
            escape.DL: screen.delete_lines,
            escape.DCH: screen.delete_characters,
            "S": screen.scroll_up,
            escape.ECH: screen.erase_characters,
            "Z": screen.tab_back,
            "^": screen.scroll_down,
            "`": screen.to_column,
            escape.HPR: screen.move_right_any,
            "b": screen.repeat,
            escape.VPA: screen.to_line,
            escape.VPR: screen.move_down_any,
            " @": lambda count: screen.shift_left(screen.left, count),
            " A": lambda count: screen.shift_right(screen.left, count),
            "'}": screen.insert_columns,
            "'~": screen.delete_columns,
            "<u": screen.pop_flags,
        }

    def _screen_table(self, screen: PyteScreen) -> dict[str, Callable[[_Args], None]]:
        areas = self._rectangles
        return {
            escape.CUP: lambda args: screen.place(*_two(args)),
            escape.HVP: lambda args: screen.place(*_two(args)),
            escape.ED: lambda args: screen.erase_in_display(args[0]),
            "?J": lambda args: screen.erase_in_display(args[0], selective=True),
            escape.EL: lambda args: screen.erase_in_line(args[0]),
            "?K": lambda args: screen.erase_in_line(args[0], selective=True),
            "T": self._scroll_down,
            escape.TBC: lambda args: screen.clear_tab(args[0]),
            "?W": lambda args: screen.reset_tabs() if args[0] == 5 else None,
            escape.DECSTBM: lambda args: screen.set_rows(*_two(args)),
            "s": self._save_or_columns,
            "u": lambda _: screen.restore_cursor(),
            '"q': lambda args: screen.set_protection(args[0] == 1, "dec"),
            "$v": areas.copy,
            "$z": lambda args: areas.erase(args, selective=False),
            "${": lambda args: areas.erase(args, selective=True),
            "$x": areas.fill,
            "$r": lambda args: areas.change(args, flip=False),
            "$t": lambda args: areas.change(args, flip=True),
            "*x": self._set_extent,
            "#y": self._set_checksum_flags,
        }

    def _mode_table(self, screen: PyteScreen) -> dict[str, Callable[[_Args], None]]:
        return {
            escape.SM: lambda args: _each(args, lambda n: screen.set_ansi(n, on=True)),
            escape.RM: lambda args: _each(args, lambda n: screen.set_ansi(n, on=False)),
            "?h": lambda args: _each(args, self._set_private),
            "?l": lambda args: _each(args, lambda n: screen.set_private(n, on=False)),
            "?s": lambda args: _each(args, screen.keep_mode),
            "?r": lambda args: _each(args, screen.recall_mode),
            "!p": lambda _: self._soft_reset(),
            '"p': self._set_level,
            " q": self._set_cursor_style,
            "t": self._window,
            "=u": lambda args: screen.set_flags(args[0], _two(args)[1] or 1),
            ">u": lambda args: screen.push_flags(args[0]),
        }

    def _query_table(self, reports: Reports) -> dict[str, Callable[[_Args], None]]:
        return {
            escape.DA: reports.device_attributes,
            ">c": reports.secondary_attributes,
            "=c": reports.tertiary_attributes,
            ">q": reports.version,
            escape.DSR: reports.status,
            "?n": reports.dec_status,
            "x": reports.terminal_parameters,
            "$p": lambda args: reports.mode(args[0], private=False),
            "?$p": lambda args: reports.mode(args[0], private=True),
            "?u": lambda _: reports.keyboard(),
            "*y": reports.checksum,
        }

    # What the parser calls

    def control(self, char: str) -> None:
        if action := self._controls.get(char):
            action()

    def escape(self, intermediates: str, final: str) -> None:
        if action := self._escapes.get(intermediates + final):
            action()
        elif intermediates[:1] in tuple("()*+-./"):
            self._designate(intermediates, final)

    def csi(self, prefix: str, params: str, intermediates: str, final: str) -> None:
        key = prefix + intermediates + final
        if key == escape.SGR:
            self._screen.sgr(params)
        elif counted := self._counted.get(key):
            counted(_numbers(params)[0] or 1)
        elif action := self._sequences.get(key):
            action(_numbers(params))

    def string(self, kind: str, body: str, end: str) -> None:
        if kind == "osc":
            self._system_command(body, end)
        elif kind == "dcs" and body.startswith("$q"):
            self.reports.setting(body[2:])
        elif kind == "dcs" and body.startswith("+q"):
            self.reports.capabilities(body[2:])

    def _system_command(self, body: str, end: str) -> None:
        """OSC; its replies end as it did."""
        number, _, rest = body.partition(";")
        if number in ("0", "2"):
            self.title = clean_title(rest)
        elif number == "8":
            link = clean_link(rest.partition(";")[2])
            self._screen.set_style(replace(self._screen.style, link=link))
        elif number == "52":
            text = decode_clipboard(rest.partition(";")[2])
            if text is not None:
                self.clipboard = text
        elif number.isascii() and number.isdigit() and len(number) < 4:
            for answer in self._colors.command(int(number), rest):
                self.reports.reply(f"\x1b]{answer}{end}")

    # The cursor's look

    @property
    def cursor_shape(self) -> str:
        return _SHAPES[self.reports.cursor_style]

    @property
    def cursor_blinking(self) -> bool:
        return _BLINKING_CURSOR in self._screen.private

    def _set_cursor_style(self, args: _Args) -> None:
        style = args[0] or 2
        if style < len(_SHAPES):
            self.reports.cursor_style = style
            self._screen.set_private(_BLINKING_CURSOR, on=style % 2 == 1)

    # The rest

    def _ring(self) -> None:
        self.bells += 1

    def _designate(self, intermediates: str, final: str) -> None:
        slot = {"(": 0, ")": 1, "*": 2, "+": 3, "-": 1, ".": 2, "/": 3}[intermediates[0]]
        # The sets of 96 characters are Latin ones, which UTF-8 leaves no use for.
        plain = len(intermediates) == 1 and intermediates in "()*+"
        self._screen.charsets.designate(slot, final if plain else "")

    def _reset(self) -> None:
        self._screen.reset()
        self._colors = Colors()
        self._rectangles.extent = 0
        self.title, self._titles = "", []
        self.reports.cursor_style, self.reports.level = 2, HIGHEST_LEVEL

    def _soft_reset(self) -> None:
        self._screen.soft_reset()
        self._rectangles.extent = 0

    def _set_level(self, args: _Args) -> None:
        """DECSCL."""
        if 61 <= args[0] <= HIGHEST_LEVEL:
            self._soft_reset()
            self.reports.level = args[0]

    def _scroll_down(self, args: _Args) -> None:
        # With more parameters it is xterm's highlight tracking.
        if len(args) == 1:
            self._screen.scroll_down(args[0] or 1)

    def _set_private(self, number: int) -> None:
        if number != DECLRMM or self.reports.level >= _COLUMN_MARGINS:
            self._screen.set_private(number, on=True)

    def _save_or_columns(self, args: _Args) -> None:
        if self._screen.has_column_margins:
            self._screen.set_columns(*_two(args))
        else:
            self._screen.save_cursor()

    def _set_extent(self, args: _Args) -> None:
        if args[0] <= 2:
            self._rectangles.extent = args[0]

    def _set_checksum_flags(self, args: _Args) -> None:
        self._rectangles.checksum_flags = args[0]

    def _window(self, args: _Args) -> None:
        if args[0] == 22 and len(self._titles) < _MAX_TITLES:
            self._titles.append(self.title)
        elif args[0] == 23 and self._titles:
            self.title = self._titles.pop()
        else:
            self.reports.window(args[0])


def _two(args: _Args) -> tuple[int, int]:
    return args[0], args[1] if len(args) > 1 else 0


def _each(args: _Args, action: Callable[[int], None]) -> None:
    for number in args:
        action(number)
