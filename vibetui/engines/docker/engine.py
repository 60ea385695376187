"""`DockerEngine`: the `Engine` protocol on Docker's API."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from docker import auth
from docker.errors import APIError
from docker.errors import NotFound as NoSuchThing

from vibetui.engines.docker.errors import explanation
from vibetui.engines.docker.hop import Hop
from vibetui.engines.docker.pull import PullMeter
from vibetui.engines.docker.relay import Relay
from vibetui.engines.docker.shapes import (
    archive,
    host_options,
    is_reference,
    state_from_inspect,
    state_from_list,
)
from vibetui.engines.docker.streams import Streams
from vibetui.engines.protocol import (
    CONNECTED,
    ContainerSpec,
    ContainerState,
    EngineEvent,
    PullProgress,
    Volume,
)
from vibetui.errors import Conflict, EngineError, EngineUnavailable, ImageUnavailable, NotFound

_EVENTS = ["create", "start", "die", "destroy", "pause", "unpause", "rename"]


class DockerEngine:
    """Control calls through the SDK on threads; streams on asyncio.

    Args:
        url: ``unix:///…`` or ``tcp://…``; None takes ``DOCKER_HOST`` or a well-known socket.
        timeout: Seconds that one control call may take.
        pull_stall: Seconds that a pull may report nothing.
    """

    def __init__(self, url: str | None, *, timeout: float, pull_stall: float = 60.0) -> None:
        self._call = Hop(url, timeout)
        self._streams = Streams(self._call.url)
        self._pull_stall = pull_stall
        self._relays: set[asyncio.Task[None]] = set()

    async def ping(self) -> str:
        version = await self._sdk(lambda api: api.version(api_version=False))
        components = version.get("Components") or [{}]
        name = components[0].get("Name", "Engine")
        return f"{name} {version.get('Version', '')}".strip()

    async def image_present(self, image: str) -> bool:
        try:
            await self._call(lambda api: api.inspect_image(image))
        except NoSuchThing:
            return False
        except APIError as error:
            raise EngineError(explanation(error)) from error
        return True

    async def pull_image(self, image: str) -> AsyncGenerator[PullProgress, None]:
        name, tag = _split_tag(image)
        headers = await self._sdk(lambda api: _registry_headers(api, name))
        meter = PullMeter()
        last = None
        lines = self._streams.lines(
            "POST",
            "/images/create",
            params={"fromImage": name, "tag": tag},
            headers=headers,
            silence=self._pull_stall,
        )
        try:
            async for line in lines:
                if line is None:
                    continue
                if "error" in line:
                    raise _no_image(image, str(line["error"]))
                if (progress := meter.feed(line)) != last:
                    last = progress
                    yield progress
        except TimeoutError as error:
            why = f"nothing more of it came for {self._pull_stall:g} seconds"
            raise _no_image(image, why) from error
        except (NotFound, EngineError) as error:
            if isinstance(error, ImageUnavailable | EngineUnavailable):
                raise
            raise _no_image(image, error.message) from error

    async def create_container(self, spec: ContainerSpec) -> str:
        container_id = await self._create(spec)
        if spec.copies:
            await self._put(container_id, spec)
        return container_id

    async def _create(self, spec: ContainerSpec) -> str:
        def create(api: Any) -> str:
            config = api.create_container_config(
                spec.image,
                None,
                entrypoint=list(spec.command),
                hostname=spec.hostname,
                user="0:0",
                working_dir="/workspace",
                labels=dict(spec.labels),
                environment=dict(spec.environment),
                stop_signal="SIGTERM",
                host_config=api.create_host_config(**host_options(spec)),
            )
            return str(api.create_container_from_config(config, spec.name)["Id"])

        try:
            return await self._call(create)
        except APIError as error:
            # A 409 is said in other words by other engines (Podman: 500), so look for ourselves.
            if await self.inspect(spec.name) is not None or error.status_code == 409:
                raise Conflict(f"A container named {spec.name} exists already.") from error
            if not await self.image_present(spec.image):
                raise _no_image(spec.image, "it is not on this machine") from error
            raise EngineError(explanation(error)) from error

    async def _put(self, container_id: str, spec: ContainerSpec) -> None:
        def put(api: Any) -> None:
            api.put_archive(container_id, "/", archive(spec.copies))

        try:
            await self._call(put)
        except NoSuchThing as error:
            raise NotFound("The container is gone.") from error
        except APIError as error:
            await self.remove_container(container_id)
            raise EngineError(explanation(error)) from error

    async def start_container(self, container_id: str) -> None:
        # Starting a paused one is no error for Docker, and does nothing: so look first (1 ms).
        state = await self.inspect(container_id)
        try:
            if state is not None and state.status == "paused":
                await self._call(lambda api: api.unpause(container_id))
            else:
                await self._call(lambda api: api.start(container_id))
        except APIError as error:
            state = await self.inspect(container_id)
            if state is None or state.status == "removing":
                raise NotFound("The container is gone.") from error
            if not state.running:
                raise EngineError(explanation(error)) from error

    async def stop_container(self, container_id: str, grace: float) -> None:
        try:
            await self._call(lambda api: api.stop(container_id, timeout=math.ceil(grace)))
        except APIError as error:
            state = await self.inspect(container_id)
            if state is not None and state.status not in ("exited", "created", "dead", "removing"):
                raise EngineError(explanation(error)) from error

    async def remove_container(self, container_id: str) -> None:
        try:
            await self._call(lambda api: api.remove_container(container_id, v=True, force=True))
        except APIError as error:
            state = await self.inspect(container_id)
            if state is None:
                return
            if state.status != "removing":
                raise EngineError(explanation(error)) from error
            await self._wait(state.container_id, "removed")

    async def inspect(self, name_or_id: str) -> ContainerState | None:
        if not is_reference(name_or_id):
            return None
        try:
            return state_from_inspect(
                await self._call(lambda api: api.inspect_container(name_or_id))
            )
        except NoSuchThing:
            return None
        except APIError as error:
            raise EngineError(explanation(error)) from error

    async def find(self, labels: Mapping[str, str]) -> list[ContainerState]:
        wanted = _label_filter(labels)
        found = await self._sdk(lambda api: api.containers(all=True, filters={"label": wanted}))
        return [state_from_list(entry) for entry in found]

    async def wait_exit(self, container_id: str) -> int:
        return await self._wait(container_id, "not-running")

    async def logs(self, container_id: str, lines: int) -> str:
        try:
            output = await self._call(lambda api: api.logs(container_id, tail=lines))
        except APIError as error:
            if await self.inspect(container_id) is None:
                return ""
            raise EngineError(explanation(error)) from error
        return bytes(output).decode(errors="replace")

    def shares_files(self) -> bool:
        return self._call.url().startswith("unix://")

    async def relay(self, container_id: str, argv: Sequence[str]) -> socket.socket:
        def create(api: Any) -> str:
            made = api.exec_create(container_id, list(argv), stdin=True, user="0:0")
            return str(made["Id"])

        if not is_reference(container_id):
            raise NotFound("There is no such container.")
        try:
            exec_id = await self._call(create)
        except NoSuchThing as error:
            raise NotFound("The container is gone.") from error
        except APIError as error:
            raise EngineError(explanation(error)) from error
        relay, theirs = await Relay.begin(self._call.url(), exec_id)
        theirs.setblocking(False)
        running = asyncio.create_task(relay.run())
        self._relays.add(running)
        running.add_done_callback(self._relays.discard)
        return theirs

    async def events(self) -> AsyncGenerator[EngineEvent, None]:
        # Docker answers before it subscribes; a second of history closes that gap.
        params = {
            "filters": json.dumps({"type": ["container"], "event": _EVENTS}),
            "since": str(int(time.time()) - 1),
        }
        async for line in self._streams.lines("GET", "/events", params=params):
            if line is None:
                yield EngineEvent(CONNECTED, "", {})
                continue
            actor = line.get("Actor") or {}
            yield EngineEvent(
                action=str(line.get("Action", "")),
                container_id=str(actor.get("ID", "")),
                labels=dict(actor.get("Attributes") or {}),
            )
        raise EngineUnavailable("The container engine has gone away.")

    async def find_volumes(self, labels: Mapping[str, str]) -> list[Volume]:
        wanted = _label_filter(labels)
        answer = await self._sdk(lambda api: api.volumes(filters={"label": wanted}))
        return [
            Volume(str(entry["Name"]), dict(entry.get("Labels") or {}))
            for entry in answer["Volumes"] or ()
        ]

    async def remove_volume(self, name: str) -> None:
        try:
            await self._call(lambda api: api.remove_volume(name, force=True))
        except NoSuchThing:
            return
        except APIError as error:
            raise EngineError(explanation(error)) from error

    async def close(self) -> None:
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)
        self._call.close()

    async def _wait(self, container_id: str, condition: str) -> int:
        try:
            answer = await self._streams.single(
                "POST", f"/containers/{container_id}/wait", params={"condition": condition}
            )
        except NotFound:
            return -1
        return int(answer.get("StatusCode", -1))

    async def _sdk(self, call: Any) -> Any:
        """A call for which every refusal is simply an error."""
        try:
            return await self._call(call)
        except APIError as error:
            raise EngineError(explanation(error)) from error


def _split_tag(image: str) -> tuple[str, str]:
    """``name``, ``name:tag`` and ``name@sha256:…`` apart; a registry's port is no tag."""
    if "@" in image:
        name, _, digest = image.partition("@")
        return name, digest
    head, colon, tag = image.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (image, "latest")


def _label_filter(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" if value else key for key, value in labels.items()]


def _registry_headers(api: Any, name: str) -> dict[str, str]:
    """Credentials for the image's registry, from Docker's own configuration."""
    registry, _ = auth.resolve_repository_name(name)
    header = auth.get_config_header(api, registry)
    if not header:
        return {}
    return {"X-Registry-Auth": header.decode() if isinstance(header, bytes) else str(header)}


def _no_image(image: str, why: str) -> ImageUnavailable:
    return ImageUnavailable(
        f"The image {image} can't be had.",
        f"Pull or build it, or choose another template. ({why.strip().rstrip('.')})",
    )
