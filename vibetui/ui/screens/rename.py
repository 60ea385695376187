"""A new name for a session."""

from __future__ import annotations

from collections.abc import Collection

from vibetui.model import Session
from vibetui.ui.screens.name_form import NameDialog


class RenameDialog(NameDialog):
    """Answers the new name."""

    def __init__(self, session: Session, taken: Collection[str]) -> None:
        others = set(taken) - {session.name}
        super().__init__(f"Rename {session.name}", "Rename", session.name, others)
