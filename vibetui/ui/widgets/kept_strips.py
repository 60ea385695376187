"""A widget whose rows are built once and kept until they change."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class KeptStrips(Widget):
    """Drop a row from `_strips`, and refresh it, where it has changed; `_build` makes it anew."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: dict[int, Strip] = {}
        self._left = 0

    def _build(self, y: int, width: int) -> Strip:
        raise NotImplementedError

    def notify_style_update(self) -> None:
        """Everything is to be painted anew, perhaps in other colours."""
        super().notify_style_update()
        self._strips.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows as they were built last."""
        width = self.size.width
        if (left := self.content_region.x) != self._left:
            self._left = left
            self._strips.clear()
        strips = [self._strip(y, width) for y in crop.line_range]
        if crop.x == 0 and crop.width >= width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def _strip(self, y: int, width: int) -> Strip:
        strip = self._strips.get(y)
        if strip is None or strip.cell_length != width:
            strip = self._strips[y] = self._build(y, width)
        return strip
