"""What an auditor says of the front's algorithms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.sshd_support import FrontUnderTest

_FORCED = "does not provide protection against post-quantum attacks"
"""Of X25519 and the large groups: all that Debian 12's own client has in common with us."""


def test_ssh_audit_fails_nothing_and_warns_of_what_older_clients_need_alone(
    tmp_path: Path,
) -> None:
    with FrontUnderTest(tmp_path) as front:
        command = [str(Path(sys.executable).with_name("ssh-audit")), "-j", "--skip-rate-test"]
        done = subprocess.run(
            [*command, "-p", str(front.port), front.settings.listen_host],
            capture_output=True,
            text=True,
            timeout=60,
        )
    report = json.loads(done.stdout)
    kinds = [report[kind] for kind in ("kex", "key", "enc", "mac")]
    assert all(kinds)
    notes: list[dict[str, Any]] = [each["notes"] for found in kinds for each in found]
    assert [note["fail"] for note in notes if note.get("fail")] == []
    warnings = {text for note in notes for text in note.get("warn", [])}
    assert warnings <= {_FORCED}
