"""What the command line says of settings that it can't use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scrollback_lines = [1\n", "not valid TOML"),
        ('scrollback_lines = "many"\n', "'scrollback_lines' is not valid"),
    ],
)
def test_a_broken_settings_file_is_one_clear_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "vibetui.toml"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "vibetui", "settings"],
        env={**os.environ, "VIBETUI_CONFIG": str(file)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr
