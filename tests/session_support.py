"""What the engine and session tests share: a tiny image, and a place that is cleaned up."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker

IMAGE = "vibetui-test/tiny:latest"
QUITTER_IMAGE = "vibetui-test/quitter:latest"
TEST_LABEL = "vibetui.test"

_PROGRAMS = ("bash", "sh", "cat", "ls", "sleep", "stty", "id", "kill", "true", "pwd")


def _resolved(path: Path) -> list[Path]:
    """`path` and each file that it is a link to, in directories without links."""
    found = []
    while True:
        path = path.parent.resolve() / path.name
        found.append(path)
        if not path.is_symlink():
            return found
        path = Path(os.path.normpath(path.parent / path.readlink()))


def _files() -> list[Path]:
    programs = [found for name in _PROGRAMS if (found := shutil.which(name))]
    linked = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    libraries = re.findall(r"(?:=> )?(/\S+) \(0x", linked)
    return sorted({step for path in (*programs, *libraries) for step in _resolved(Path(path))})


def root_archive() -> bytes:
    """A tar of a root directory with bash and a handful of tools: this machine's own, ~10 MB."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:

        def directory(name: str, mode: int = 0o755) -> None:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)

        def text(name: str, content: bytes) -> None:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))

        merged = ["usr", "usr/bin", "usr/lib", "usr/lib64", "usr/local", "usr/local/lib"]
        for name in (*merged, "etc", "root", "proc", "sys", "dev", "run", "workspace", "home"):
            directory(name)
        directory("tmp", 0o1777)
        for name in ("bin", "lib", "lib64"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(entry)
        for path in _files():
            name = str(path).lstrip("/")
            entry = tarfile.TarInfo(name if name.startswith("usr/") else f"usr/{name}")
            entry.mode = 0o755
            if path.is_symlink():
                entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
                archive.addfile(entry)
                continue
            content = path.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        text("etc/passwd", b"root:x:0:0::/root:/bin/bash\nvibe:x:1000:1000::/workspace:/bin/bash\n")
        text("etc/group", b"root:x:0:\nvibe:x:1000:\n")
    return buffer.getvalue()


def import_image(client: docker.APIClient, image: str = IMAGE) -> None:
    """Make `image` from `root_archive` on that engine, unless it is there."""
    try:
        client.inspect_image(image)
    except docker.errors.ImageNotFound:
        name, _, tag = image.partition(":")
        client.import_image_from_data(
            root_archive(), repository=name, tag=tag, changes=["ENV PATH=/usr/bin:/bin"]
        )
