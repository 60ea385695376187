"""What commands begin and end with: the settings, and JSON. Imports are late, as in `commands`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from vibetui.errors import VibeError

if TYPE_CHECKING:
    from vibetui.settings import Settings


def load_settings() -> Settings:
    """The settings in force. Raises `VibeError` that names the file or the setting at fault."""
    from tomllib import TOMLDecodeError

    from pydantic import ValidationError

    from vibetui.settings import Settings, config_files

    try:
        return Settings()
    except (TOMLDecodeError, UnicodeDecodeError) as error:
        raise VibeError(
            f"A settings file is not valid TOML: {error}.",
            "Correct it; it is one of: " + ", ".join(str(file) for file in config_files()),
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise VibeError(
            f"The setting {where!r} is not valid: {first['msg']}.",
            "It comes from VIBETUI_… in the environment or from one of: "
            + ", ".join(str(file) for file in config_files()),
        ) from error


def print_json(data: object) -> None:
    """On standard output, for scripts."""
    click.echo(json.dumps(data, indent=2, default=str))
