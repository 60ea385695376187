"""One line of keys and what they do; a click does it too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.style import Style
from textual.timer import Timer
from textual.widgets import Static

from vibetui.ui.styles import stylesheet


@dataclass(frozen=True, slots=True)
class Hint:
    """A key, what it does in a word, and the action that a click runs."""

    key: str
    label: str
    action: str
    enabled: bool = True
    spare: int = 0
    """Left out where there isn't room for all, the greatest first; 0: never."""


_LEAST_NOTE = 8
REMARK = 3.0
"""Seconds for which something is said in passing."""


class KeyBar(Static):
    """Shows what leads in, the hints in order, then `note` on the right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "key-bar--lead",
        "key-bar--key",
        "key-bar--label",
        "key-bar--off",
    }
    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "key_bar")
    ALLOW_SELECT = False

    def __init__(self, hints: Iterable[Hint] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        # The link style would paint over the key's own.
        self.auto_links = False
        self._hints = tuple(hints)
        self._note = self._lead = self._remark = ""
        self._passing: Timer | None = None

    def show(self, hints: Iterable[Hint], note: str = "", lead: str = "") -> None:
        """Replace what is shown."""
        self._hints, self._note, self._lead = tuple(hints), note, lead
        self._paint()

    def remark(self, text: str) -> None:
        """Say something for a moment, in place of the note."""
        if self._passing is not None:
            self._passing.stop()
        self._remark = text
        self._passing = self.set_timer(REMARK, self._unremark)
        self._paint()

    def _unremark(self) -> None:
        self._remark = ""
        self._paint()

    def on_mount(self) -> None:
        self._paint()

    def on_resize(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if not self.is_attached:
            return
        lead, key, label, off = (
            self.get_visual_style(f"key-bar--{name}", partial=True)
            for name in ("lead", "key", "label", "off")
        )
        leading = [Content.styled(self._lead, lead)] if self._lead else []
        room = self.content_size.width - len(self._lead) - 2 * bool(self._lead)
        hints = (
            Content.assemble(
                (hint.key, key if hint.enabled else off),
                " ",
                (hint.label, label if hint.enabled else off),
            ).stylize(Style.from_meta({"@click": hint.action}) if hint.enabled else Style.null())
            for hint in fitting(self._hints, room)
        )
        line = Content("  ").join([*leading, *hints])
        room = self.content_size.width - line.cell_length - 2
        if (note := self._remark or self._note) and room >= _LEAST_NOTE:
            text = Content(note).truncate(room, ellipsis=True)
            blanks = " " * (room + 2 - text.cell_length)
            line = line + Content.styled(blanks + text.plain, label)
        self.update(line)


def fitting(hints: Sequence[Hint], room: int) -> list[Hint]:
    """The hints that `room` columns are enough for, in their order."""
    kept = list(hints)
    spares = sorted((hint for hint in hints if hint.spare), key=lambda hint: hint.spare)
    while spares and _columns(kept) > room:
        kept.remove(spares.pop())
    return kept


def _columns(hints: Sequence[Hint]) -> int:
    return sum(cell_len(hint.key) + len(hint.label) + 3 for hint in hints) - 2
