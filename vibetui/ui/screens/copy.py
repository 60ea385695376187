"""A name for the copy of a session."""

from __future__ import annotations

from collections.abc import Collection

from vibetui.model import Session
from vibetui.naming import MAX_LENGTH
from vibetui.ui.screens.name_form import NameDialog

_MARK = "-copy"


class CopyDialog(NameDialog):
    """Answers the copy's name."""

    def __init__(self, session: Session, taken: Collection[str]) -> None:
        suggestion = session.name[: MAX_LENGTH - len(_MARK)] + _MARK
        super().__init__(f"Copy {session.name}", "Copy", suggestion, taken)
