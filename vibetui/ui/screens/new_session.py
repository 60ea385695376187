"""A new session: a name and a template."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from vibetui.model import Template
from vibetui.ui.screens.base import Dialog
from vibetui.ui.screens.name_form import NameField

_TEXT = 34


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the dialog answers."""

    name: str
    template: str


class NewSessionDialog(Dialog[NewSession]):
    """Enter, wherever the focus is, creates and opens."""

    def __init__(
        self, suggestion: str, taken: Collection[str], templates: Sequence[Template]
    ) -> None:
        super().__init__()
        self._suggestion = suggestion
        self._taken = taken
        self._templates = templates

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("New session", classes="dialog-title")
            yield NameField(self._suggestion, self._taken)
            yield Static("Template", classes="dialog-label")
            yield OptionList(
                *(Option(self._row(made), made.name) for made in self._templates), id="templates"
            )
            with Horizontal(classes="dialog-buttons"):
                yield Button("Create and open", id="yes", variant="primary", compact=True)
                yield Button("Cancel", id="no", compact=True)

    def on_mount(self) -> None:
        if self._templates:
            self.query_one(OptionList).highlighted = 0

    def _row(self, template: Template) -> Content:
        width = max(len(made.name) for made in self._templates)
        limits = f"{template.memory_bytes / (1 << 30):.3g} GB, {template.cpus:g} CPU"
        text = template.description or template.image
        text = text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"
        return Content.assemble(template.name.ljust(width + 2), (f"{text} · {limits}", "dim"))

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#yes", Button).disabled = bool(self.query_one(NameField).problem)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#yes")
    def _create(self) -> None:
        field = self.query_one(NameField)
        chosen = self.query_one(OptionList).highlighted_option
        if not field.problem and chosen is not None:
            self.dismiss(NewSession(field.value, chosen.id or ""))

    @on(Button.Pressed, "#no")
    def _no(self) -> None:
        self.dismiss(None)
