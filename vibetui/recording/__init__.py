"""Recordings of terminals: asciicast version 2, written so that a file is valid at any instant."""

from vibetui.recording.cast import Cast, Event, Header
from vibetui.recording.recording import Ended, Recording, Source, is_incomplete
from vibetui.recording.shelf import Kept, Shelf

__all__ = [
    "Cast",
    "Ended",
    "Event",
    "Header",
    "Kept",
    "Recording",
    "Shelf",
    "Source",
    "is_incomplete",
]
