"""One line of keys and what they do; a click does it too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from vibetui.ui.styles import stylesheet


@dataclass(frozen=True, slots=True)
class Hint:
    """A key, what it does in a word, and the action that a click runs."""

    key: str
    label: str
    action: str
    enabled: bool = True


class KeyBar(Static):
    """Shows the hints in order, then `note` on the right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--label", "key-bar--off"}
    DEFAULT_CSS = stylesheet("vibetui.ui.widgets", "key_bar")
    ALLOW_SELECT = False

    def __init__(self, hints: Iterable[Hint] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        # The link style would paint over the key's own.
        self.auto_links = False
        self._hints = tuple(hints)
        self._note = ""

    def show(self, hints: Iterable[Hint], note: str = "") -> None:
        """Replace what is shown."""
        self._hints, self._note = tuple(hints), note
        self._paint()

    def on_mount(self) -> None:
        self._paint()

    def on_resize(self) -> None:
        self._paint()

    def _paint(self) -> None:
        if not self.is_attached:
            return
        key, label, off = (
            self.get_visual_style(name, partial=True)
            for name in ("key-bar--key", "key-bar--label", "key-bar--off")
        )
        line = Content("  ").join(
            Content.assemble(
                (hint.key, key if hint.enabled else off),
                " ",
                (hint.label, label if hint.enabled else off),
            ).stylize(Style.from_meta({"@click": hint.action}) if hint.enabled else Style.null())
            for hint in self._hints
        )
        room = self.content_size.width - line.cell_length
        if self._note and room >= len(self._note) + 2:
            line = line + Content.styled(self._note.rjust(room), label)
        self.update(line)
