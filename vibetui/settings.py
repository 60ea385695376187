"""Settings from ``vibetui.toml`` and the environment (``VIBETUI_…``), the environment first."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from vibetui.model import Session, Template

_CHECKOUT = Path(__file__).resolve().parent.parent
_IN_CHECKOUT = (_CHECKOUT / "pyproject.toml").is_file()


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "vibetui"


def config_files() -> list[Path]:
    """Where ``vibetui.toml`` is looked for; a later one overrides an earlier one."""
    config_home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    files = [
        Path("/etc/vibetui/vibetui.toml"),
        Path(config_home) / "vibetui" / "vibetui.toml",
    ]
    if named := os.environ.get("VIBETUI_CONFIG"):
        files.append(Path(named))
    return files


class Bell(StrEnum):
    """What a terminal's bell does for whoever looks at it."""

    AUDIBLE = "audible"
    VISUAL = "visual"
    BOTH = "both"
    NONE = "none"

    @property
    def audible(self) -> bool:
        return self in (Bell.AUDIBLE, Bell.BOTH)

    @property
    def visual(self) -> bool:
        return self in (Bell.VISUAL, Bell.BOTH)


class Registration(StrEnum):
    """Who may make an account for themselves."""

    CLOSED = "closed"
    """Nobody: ``vibetui user add``."""
    INVITE = "invite"
    """Whoever has a code of ``vibetui invite``."""
    OPEN = "open"


class AgentCarrier(StrEnum):
    """How we get to the agent in a container."""

    AUTO = "auto"
    """By its socket where the engine is on this machine, else through the engine."""
    SOCKET = "socket"
    RELAY = "relay"


class TemplateSettings(BaseModel):
    """One ``[templates.NAME]`` table."""

    model_config = ConfigDict(extra="forbid")

    image: str
    description: str = ""
    memory_mib: int = Field(default=2048, ge=64)
    cpus: float = Field(default=2.0, gt=0)
    pids: int = Field(default=1024, ge=32)
    record: bool = False


class Settings(BaseSettings):
    """Everything that can be set. Durations are seconds."""

    model_config = SettingsConfigDict(
        env_prefix="VIBETUI_", env_nested_delimiter="__", extra="ignore"
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    host_keys_dir: Path = _CHECKOUT / "host_keys" if _IN_CHECKOUT else Path("host_keys")
    """Relative paths count from `data_dir`."""

    listen_host: str = ""
    """Address of the SSH front; empty means every interface."""
    listen_port: int = Field(default=2222, ge=0, le=65535)
    """0 lets the system choose; the chosen port is printed and written to ``<data>/run/port``."""
    client_alive_interval: float = Field(default=30.0, gt=0)
    """Of silence, after which an SSH client is asked for a sign of life."""
    client_alive_count_max: int = Field(default=3, ge=1)
    """Such questions in a row that may stay unanswered; then the client is given up."""
    registration: Registration = Registration.CLOSED
    """``closed``, ``invite`` or ``open``."""
    password_login: bool = False
    """Let accounts that have a password log in with it."""
    user_ca_file: Path | None = None
    """Public keys, a line each, of whoever signs user certificates; principals are accounts."""
    revoked_keys_file: Path | None = None
    """Keys and certificates that are no longer accepted, as ``ssh-keygen -k`` takes them."""
    login_timeout: float = Field(default=30.0, gt=0)
    """For the handshake and the login together."""
    max_unauthenticated: int = Field(default=100, ge=1)
    """Connections that haven't logged in yet; more are refused."""
    max_unauthenticated_per_address: int = Field(default=20, ge=1)
    max_connections_per_address: int = Field(default=200, ge=1)
    max_connections_per_user: int = Field(default=100, ge=1)
    max_sessions_per_connection: int = Field(default=16, ge=1)
    """Shells, commands and file transfers at a time; OpenSSH's MaxSessions."""
    max_forwards_per_connection: int = Field(default=128, ge=1)
    """Forwarded connections at a time, either way."""
    login_failures: int = Field(default=10, ge=1)
    """Failed logins of one address before it is banned; from the third on each waits longer."""
    ban_time: float = Field(default=600.0, ge=0)
    allow_exec: bool = True
    """Commands and plain shells in sessions."""
    allow_files: bool = True
    """SFTP and scp."""
    allow_local_forwarding: bool = True
    """-L, -D and -J into sessions."""
    allow_remote_forwarding: bool = True
    """-R out of sessions."""
    allow_agent_forwarding: bool = True
    start_on_demand: bool = True
    """Commands, file transfers and forwards start a session that doesn't run."""
    start_timeout: float = Field(default=120.0, gt=0)
    """How long they wait for it."""
    reconnect_window: float = Field(default=300.0, ge=0)
    """After its user has stopped a session, a client that was connected to it and comes back by
    itself within so long doesn't start it again; each try counts anew. 0: it does."""
    unprivileged_user: str = "nobody"
    """The account that front and UI processes drop to when started as root."""

    engine_url: str | None = None
    """Docker's ``DOCKER_HOST`` form; None takes ``DOCKER_HOST`` or the well-known sockets."""
    agent_carrier: AgentCarrier = AgentCarrier.AUTO
    """``socket``: a mounted directory; ``relay``: the engine runs a relay in the container."""
    default_template: str = "base"
    helper_image: str = ""
    """Serves and copies workspaces; empty: that of the template ``base``, else of the default."""
    templates: dict[str, TemplateSettings] = Field(
        default_factory=lambda: {
            "base": TemplateSettings(
                image="vibetui/base:latest", description="Debian with Python, git and vim"
            )
        }
    )

    engine_timeout: float = 60.0
    """One call to the engine."""
    pull_stall_timeout: float = 60.0
    """A pull that reports nothing for so long has failed."""
    handshake_timeout: float = 20.0
    """From the container's start to its agent's HELLO."""
    stop_grace: float = 5.0
    """From SIGTERM to SIGKILL."""

    prefix_key: str = "ctrl+]"
    """The one key that the app keeps in the workspace; twice sends it."""
    emulator: str = "auto"
    """``auto``, ``ghostty`` or ``pyte``."""
    bell: Bell = Bell.BOTH
    """``audible`` rings the user's terminal, ``visual`` marks the title, ``both`` or ``none``."""
    scrollback_lines: int = Field(default=10_000, ge=0)

    recording_input: bool = False
    """Record what is typed as well, passwords included."""
    recording_max_mib: float = Field(default=64, gt=0)
    """Of one file; the recording of that terminal then ends."""
    recording_total_mib: float = Field(default=512, gt=0)
    """Of a session's recordings; the oldest that are complete go first."""
    recording_days: float = Field(default=0, ge=0)
    """Complete recordings are deleted after so many; 0 keeps them."""

    max_sessions_per_user: int = Field(default=50, ge=1)
    log_level: str = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = TomlConfigSettingsSource(settings_cls, toml_file=config_files())
        return init_settings, env_settings, files

    @property
    def database_path(self) -> Path:
        return self.data_dir / "vibetui.db"

    @property
    def run_dir(self) -> Path:
        """Sockets: ``core.sock`` and one 0700 directory for each session."""
        return self.data_dir / "run"

    @property
    def recordings_dir(self) -> Path:
        """One 0700 directory for each session."""
        return self.data_dir / "recordings"

    @property
    def core_socket(self) -> Path:
        return self.run_dir / "core.sock"

    @property
    def log_path(self) -> Path:
        return self.data_dir / "vibetui.log"

    @property
    def host_keys_path(self) -> Path:
        return self.data_dir / self.host_keys_dir

    def template_list(self) -> list[Template]:
        """The templates, the default one first."""
        names = sorted(self.templates, key=lambda name: (name != self.default_template, name))
        return [self._template(name) for name in names]

    def _template(self, name: str) -> Template:
        made = self.templates[name]
        return Template(
            name=name,
            image=made.image,
            description=made.description,
            memory_bytes=made.memory_mib << 20,
            cpus=made.cpus,
            pids=made.pids,
            record=made.record,
        )

    @property
    def image_of_helpers(self) -> str:
        """What `helper_image` says, or leaves to the templates."""
        made = self.templates.get("base") or self.templates.get(self.default_template)
        return self.helper_image or (made.image if made else "")

    def records(self, session: Session) -> bool:
        """Whether the session's terminals are recorded: as it says, else as its template does."""
        if session.recording is not None:
            return session.recording
        template = self.templates.get(session.template)
        return template is not None and template.record
