"""Recordings of terminals: asciicast version 2, written so that a file is valid at any instant."""

from vibetui.recording.cast import Cast, Event, Header
from vibetui.recording.recording import Ended, Recording, Source

__all__ = ["Cast", "Ended", "Event", "Header", "Recording", "Source"]
