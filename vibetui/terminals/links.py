"""Where text leads: OSC 8 links, and addresses that stand in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from vibetui.terminals.lines import Lines, Point, Span

OPENABLE = frozenset(("http", "https", "ftp", "mailto"))
"""Schemes that may be handed to the desktop. A `file` address names a file of the container."""
SHOWN = OPENABLE | {"file"}

_URL = re.compile(r"(?:https?|ftp)://[^\s<>\"'`{}|\\^\x00-\x1f\x7f-\x9f]+", re.IGNORECASE)
_TRAILING = ".,;:!?*_~"
_BRACKETS = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    span: Span


def scheme(url: str) -> str:
    """The scheme of an address in lower case; empty where it has none, or is no address."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def url_spans(text: str) -> Iterator[tuple[int, int]]:
    """Addresses in a text, without the punctuation of the sentence around them."""
    for match in _URL.finditer(text):
        url = match.group()
        while url and (url[-1] in _TRAILING or _unopened(url)):
            url = url[:-1]
        if url.partition("://")[2]:
            yield match.start(), match.start() + len(url)


def _unopened(url: str) -> bool:
    opening = _BRACKETS.get(url[-1])
    return opening is not None and url.count(opening) < url.count(url[-1])


def link_at(lines: Lines, point: Point) -> Link | None:
    """What is linked at a place."""
    runs = lines.emulator.line(point.line)
    for run in runs:
        if run.start <= point.column < run.end and run.style.link:
            if scheme(run.style.link) not in SHOWN:
                return None
            start, end = Point(point.line, run.start), Point(point.line, run.end)
            return Link(run.style.link, Span(start, end))
    paragraph = lines.paragraph(point.line)
    if "://" not in paragraph.text:
        return None
    at = lines.offset(paragraph, point)
    for begin, stop in url_spans(paragraph.text):
        if begin <= at < stop:
            return Link(paragraph.text[begin:stop], lines.span(paragraph, begin, stop))
    return None
