"""Options that many commands have."""

from __future__ import annotations

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
yes = click.option("--yes", is_flag=True, help="Do not ask.")
