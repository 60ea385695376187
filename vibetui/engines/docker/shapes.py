"""Our specs in Docker's words, and Docker's answers in ours."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from docker.types import Mount

from vibetui.engines.protocol import ContainerSpec, ContainerState, Copy

CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
"""What PID 1 keeps: to hand /workspace over, become the user, and signal that user's processes."""

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def is_reference(text: str) -> bool:
    """Whether this can name a container at all; anything else must not get into a URL."""
    return _REFERENCE.fullmatch(text) is not None


def mounts(spec: ContainerSpec) -> list[Mount]:
    """``/workspace``, the other volumes, and the binds.

    A bind whose source is missing is an error, not made.
    """
    labels = spec.labels if spec.volume_labels is None else spec.volume_labels
    workspace = Mount("/workspace", spec.volume, type="volume", labels=dict(labels))
    return [
        workspace,
        *(
            Mount(
                each.target,
                each.name,
                type="volume",
                read_only=each.read_only,
                labels=dict(each.labels),
                no_copy=True,
            )
            for each in spec.volumes
        ),
        *(
            Mount(bind.target, str(bind.source), type="bind", read_only=bind.read_only)
            for bind in spec.binds
        ),
    ]


def host_options(spec: ContainerSpec) -> dict[str, Any]:
    """Arguments of `APIClient.create_host_config`: the limits, and no more rights than needed."""
    return {
        "mounts": mounts(spec),
        "mem_limit": spec.memory_bytes,
        # Equal to the memory: no swap on top, so that the limit is the limit.
        "memswap_limit": spec.memory_bytes,
        "nano_cpus": round(spec.cpus * 1e9),
        "pids_limit": spec.pids,
        "cap_drop": ["ALL"],
        "cap_add": list(CAPABILITIES),
        "security_opt": ["no-new-privileges"],
        "init": False,
        "network_mode": "default" if spec.network else "none",
        "auto_remove": spec.passing,
    }


def archive(copies: Sequence[Copy]) -> bytes:
    """A tar, to be unpacked at ``/``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for copy in copies:
            entry = tarfile.TarInfo(copy.target.lstrip("/"))
            entry.mode = copy.mode
            if copy.source is None:
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
                continue
            content = copy.source.read_bytes()
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def state_from_inspect(data: Mapping[str, Any]) -> ContainerState:
    """``/containers/{id}/json``."""
    state = data["State"]
    status = str(state.get("Status", ""))
    busy = any(state.get(flag) for flag in ("Paused", "Restarting", "Dead"))
    started = not str(state.get("StartedAt", "0001")).startswith("0001")
    return ContainerState(
        container_id=str(data["Id"]),
        name=str(data.get("Name", "")).lstrip("/"),
        running=bool(state.get("Running")) and not busy and status != "removing",
        status=status,
        exit_code=int(state.get("ExitCode", 0)) if started and status != "running" else None,
        error=str(state.get("Error") or ""),
        labels=dict(data["Config"].get("Labels") or {}),
        started_at=str(state.get("StartedAt", "")) if started else "",
    )


def state_from_list(data: Mapping[str, Any]) -> ContainerState:
    """One entry of ``/containers/json``, which knows neither exit status nor error."""
    names = data.get("Names") or [""]
    status = str(data.get("State", ""))
    return ContainerState(
        container_id=str(data["Id"]),
        name=str(names[0]).lstrip("/"),
        running=status == "running",
        status=status,
        exit_code=None,
        error="",
        labels=dict(data.get("Labels") or {}),
    )
