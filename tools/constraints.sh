#!/bin/bash
# Writes constraints.txt: the newest releases that pyproject.toml allows, resolved in an environment
# of its own so that nothing of ours or of this machine gets in.
set -euo pipefail
cd "$(dirname "$0")/.."

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"${VIBETUI_PYTHON:-python3}" -m venv "$directory/venv"
"$directory/venv/bin/python" - > "$directory/requirements" <<'EOF'
import pathlib, tomllib
data = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
project = data["project"]
print(*data["build-system"]["requires"], *project["dependencies"],
      *project["optional-dependencies"]["dev"], sep="\n")
EOF
pip() { "$directory/venv/bin/pip" --disable-pip-version-check "$@"; }
pip install -qq -r "$directory/requirements"
pip install -qq $("$directory/venv/bin/python" -c 'import hatchling.build as b; print(*b.get_requires_for_build_editable())')
{
    echo "# What \`make setup\` installs, to the version; \`make constraints\` writes this file anew."
    pip freeze
} > "$directory/constraints.txt"
# A name with an address is a file of this machine, which nobody else has.
if grep -n ' @ ' "$directory/constraints.txt"; then
    echo "These did not come from an index; constraints.txt is left as it was." >&2
    exit 1
fi
mv "$directory/constraints.txt" constraints.txt
echo "constraints.txt: $(grep -c == constraints.txt) packages"
