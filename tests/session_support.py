"""What the engine and session tests share: a tiny image, and a place that is cleaned up."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import docker

from vibetui.agent import TerminalSpec
from vibetui.engines import ContainerState, DockerEngine
from vibetui.events import OpenEvent
from vibetui.model import (
    LABEL_INSTANCE,
    Session,
    SessionNotice,
    SessionStatus,
    container_name,
    new_id,
)
from vibetui.sessions import SessionManager
from vibetui.sessions.ownership import instance_id
from vibetui.settings import Settings, TemplateSettings
from vibetui.store import Store

IMAGE = "vibetui-test/tiny:latest"
MISSING_IMAGE = "vibetui-test/absent:latest"

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


def import_image(url: str | None = None, image: str = IMAGE) -> None:
    """Make `image` from `root_archive` on that engine (None: the usual one), unless it is there."""
    with contextlib.closing(raw_client(url)) as client:
        try:
            client.inspect_image(image)
        except docker.errors.ImageNotFound:
            name, _, tag = image.partition(":")
            client.import_image_from_data(
                root_archive(), repository=name, tag=tag, changes=["ENV PATH=/usr/bin:/bin"]
            )


def raw_client(url: str | None = None) -> Any:
    """Docker as somebody else would use it, for what is done behind our back."""
    return docker.APIClient(base_url=url or os.environ.get("DOCKER_HOST"))


def make_settings(data_dir: Path, *, engine_url: str | None = None, **changes: Any) -> Settings:
    """Settings with small templates: ``base``, and ``ghost`` whose image does not exist."""
    small: dict[str, Any] = {"memory_mib": 128, "cpus": 1.0, "pids": 64}
    return Settings(
        data_dir=data_dir,
        engine_url=engine_url,
        templates={
            "base": TemplateSettings(image=IMAGE, **small),
            "ghost": TemplateSettings(image=MISSING_IMAGE, **small),
        },
        **{"stop_grace": 1.0, **changes},
    )


class Place:
    """A store, an engine and a manager over one data directory, and hands to meddle with."""

    def __init__(self, settings: Settings, store: Store, engine: DockerEngine) -> None:
        self.settings = settings
        self.store = store
        self.engine = engine
        self.notices: list[SessionNotice] = []
        self._told = asyncio.Event()
        self.manager = self.another_manager()
        self.instance = instance_id(settings.data_dir)
        self.docker = raw_client(settings.engine_url)

    def another_manager(self) -> SessionManager:
        return SessionManager(self.engine, self.store, self.settings, notify=self._notify)

    def _notify(self, notice: SessionNotice) -> None:
        self.notices.append(notice)
        self._told.set()

    async def told_of(self, session: Session, status: SessionStatus) -> None:
        """Until watchers of the list have been told that the session is so now."""
        async with asyncio.timeout(30):
            while True:
                self._told.clear()
                last = [n.session for n in self.notices if n.session.name == session.name][-1:]
                if last and last[0].status is status:
                    return
                await self._told.wait()

    async def session(self, template: str = "base", *, opening: bool = False) -> Session:
        """A new session of a user who is made when needed."""
        user = await self.store.user_by_name("ada") or await self.store.add_user("ada")
        return await self.manager.create(user.user_id, f"s-{new_id()}", template, opening=opening)

    async def open(self, session: Session, **options: Any) -> list[OpenEvent]:
        """Open to the end, within a minute."""
        async with asyncio.timeout(60):
            return [event async for event in self.manager.open(session.session_id, **options)]

    async def opened(self, template: str = "base") -> Session:
        """A new session, open, as its row says."""
        session = await self.session(template)
        await self.open(session)
        return await self.row(session)

    async def row(self, session: Session) -> Session:
        found = await self.store.session(session.session_id)
        assert found is not None
        return found

    async def containers(self) -> list[ContainerState]:
        """All containers of this place."""
        return await self.engine.find({LABEL_INSTANCE: self.instance})

    def remove_by_hand(self, session: Session) -> None:
        self.docker.remove_container(self.name(session), force=True)

    def name(self, session: Session) -> str:
        return container_name(session.user_id, session.session_id)

    async def works(self, session: Session) -> None:
        """Attach, start a shell, type, and read the answer: what a user means by working."""
        async with asyncio.timeout(20):
            opener = await self.manager.attach(session.session_id)
            terminal = await opener.open_terminal(
                TerminalSpec(argv=("/bin/bash",), env={}, cwd="/workspace", rows=24, columns=80)
            )
            stream = await opener.attach(terminal)
            try:
                stream.send(b"echo answer-$((6*7))-$UID-$PWD\n")
                await stream.drain()
                seen = b""
                while b"answer-42-1000-/workspace" not in seen:
                    piece = await stream.read()
                    assert piece, f"the shell ended: {seen!r}"
                    seen += piece
            finally:
                stream.close()

    async def close_containers(self) -> None:
        for state in await self.containers():
            await self.engine.remove_container(state.container_id)

    async def close(self) -> None:
        """Everything of this place goes, whoever owns it."""
        await self.manager.close()
        await self.close_containers()
        wanted = {"label": f"{LABEL_INSTANCE}={self.instance}"}
        for volume in self.docker.volumes(filters=wanted)["Volumes"] or []:
            await self.engine.remove_volume(volume["Name"])
        await self.store.close()
        await self.engine.close()
        self.docker.close()


@asynccontextmanager
async def a_place(
    data_dir: Path, *, engine_url: str | None = None, **changes: Any
) -> AsyncIterator[Place]:
    """A `Place`, gone without a trace afterwards."""
    settings = make_settings(data_dir, engine_url=engine_url, **changes)
    await asyncio.to_thread(import_image, engine_url)
    engine = DockerEngine(engine_url, timeout=30, pull_stall=10)
    place = Place(settings, await Store.open(settings.database_path), engine)
    try:
        yield place
    finally:
        await place.close()
