"""Whose a container is: labels decide, names only decorate."""

from __future__ import annotations

import os
from pathlib import Path

from vibetui.engines import ContainerState, Engine
from vibetui.model import (
    LABEL_INSTANCE,
    LABEL_SESSION,
    LABEL_TEMPLATE,
    LABEL_USER,
    Session,
    container_name,
    new_id,
)

LABEL_FLIGHT = "vibetui.flight"
"""Which opening made the container: one that is given up removes what it made, nothing else."""


def instance_id(data_dir: Path) -> str:
    """This data directory's own id, from ``<data>/instance``; made once, whoever comes first."""
    path = data_dir / "instance"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f".instance-{new_id()}"
        draft.write_text(f"{new_id()}\n")
        try:
            # A link fails where the name exists, and never shows a file half written.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def labels_of(session: Session, instance: str) -> dict[str, str]:
    """What a container (and the volume) of this session carries."""
    return {
        LABEL_INSTANCE: instance,
        LABEL_SESSION: session.session_id,
        LABEL_USER: session.user_id,
        LABEL_TEMPLATE: session.template,
    }


def is_of(state: ContainerState, session: Session, instance: str) -> bool:
    """Whether the container is this session's."""
    return (
        state.labels.get(LABEL_INSTANCE) == instance
        and state.labels.get(LABEL_SESSION) == session.session_id
    )


async def find_container(engine: Engine, session: Session, instance: str) -> ContainerState | None:
    """The session's container: as the row has it, else by name, else by labels; or None.

    Whatever the row says, a container with other labels is not taken for ours.
    """
    for reference in (session.container_id, container_name(session.user_id, session.session_id)):
        state = await engine.inspect(reference) if reference else None
        if state is not None and is_of(state, session, instance):
            return state
    labels = {LABEL_INSTANCE: instance, LABEL_SESSION: session.session_id}
    found = await engine.find(labels)
    return max(found, key=lambda state: state.running, default=None)
