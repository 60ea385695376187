"""What the preview says where there is no screen to show. Pure functions from data to words."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from vibetui.errors import VibeError
from vibetui.model import Access, Session, Template
from vibetui.ui.preview_feed import NO_TERMINAL
from vibetui.ui.wording import ago

_LABEL = 11
_KEY = "bold $primary"


def stopped(session: Session, template: Template | None, now: datetime) -> Content:
    """What it is made from, when it was used, and how it is started."""
    way_on = Content.assemble("Stopped. ", ("↵", _KEY), " starts it.")
    if session.access is Access.VIEWER:
        way_on = Content(f"Stopped. You only look on; {session.owner} starts it.")
    return Content("\n").join([*_facts(session, template, now), Content(""), way_on])


def starting(words: str) -> Content:
    """Somebody else starts it, or it isn't known yet how far it is."""
    return Content.assemble(
        (f"{words[:1].upper()}{words[1:]}…", "bold"), "\n\n", ("↵", _KEY), " shows how far it is."
    )


def failed(error: VibeError) -> Content:
    """Why it could not be started, and the ways on."""
    hint = f"\n{error.hint}" if error.hint else ""
    return Content.assemble(
        (error.message, "bold $error"),
        hint,
        "\n\n",
        *(("s", _KEY), " tries again · ", ("↵", _KEY), " opens it and shows more."),
    )


def trouble(session: Session, error: VibeError) -> Content:
    """Why no screen can be shown."""
    if error is NO_TERMINAL and session.access is Access.VIEWER:
        return Content.assemble(
            (error.message, "bold"), f"\nYou only look on; {session.owner} opens one."
        )
    return Content.assemble((error.message, "bold"), f"\n{error.hint}" if error.hint else "")


def _facts(session: Session, template: Template | None, now: datetime) -> list[Content]:
    facts = [("Owner", session.owner), ("Template", session.template)]
    if template is not None:
        limits = f"{template.memory_bytes / (1 << 30):.3g} GB, {template.cpus:g} CPU"
        facts += [("", template.description), ("Image", template.image), ("Limits", limits)]
    facts += [("Last used", ago(session.last_used_at, now)), ("Made", ago(session.created_at, now))]
    return [
        Content.assemble((label.ljust(_LABEL), "$muted"), value) for label, value in facts if value
    ]
