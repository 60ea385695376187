"""Where the engine is looked for."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from vibetui.engines.docker import url
from vibetui.engines.docker.url import resolve_url
from vibetui.errors import EngineError


def test_the_setting_wins_over_the_environment() -> None:
    environment = {"DOCKER_HOST": "unix:///elsewhere.sock"}
    assert resolve_url("unix:///mine.sock", environment) == "unix:///mine.sock"
    assert resolve_url(None, environment) == "unix:///elsewhere.sock"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("unix:///run/d.sock", "unix:///run/d.sock"),
        ("unix://run/d.sock", "unix:///run/d.sock"),
        ("/run/d.sock", "unix:///run/d.sock"),
        ("tcp://127.0.0.1:2375", "http://127.0.0.1:2375"),
        ("http://127.0.0.1:2375/", "http://127.0.0.1:2375"),
    ],
)
def test_docker_hosts_forms_are_understood(given: str, meant: str) -> None:
    assert resolve_url(given, {}) == meant


@pytest.mark.parametrize("given", ["ssh://host", "nonsense", "unix://", "npipe:////./pipe/d"])
def test_an_address_that_cannot_be_used_says_what_could(given: str) -> None:
    with pytest.raises(EngineError) as caught:
        resolve_url(given, {})
    assert "unix:///" in caught.value.hint


def test_podmans_socket_is_taken_where_docker_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(url, "DEFAULT_SOCKET", tmp_path / "docker.sock")
    podman = tmp_path / "podman" / "podman.sock"
    podman.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(podman))
        environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
        assert resolve_url(None, environment) == f"unix://{podman}"


def test_where_there_is_no_socket_the_usual_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(url, "DEFAULT_SOCKET", tmp_path / "docker.sock")
    monkeypatch.setattr(url, "well_known_sockets", lambda _: [])
    assert resolve_url(None, {}) == f"unix://{tmp_path}/docker.sock"
