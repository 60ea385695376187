#!/bin/bash
# venv.sh [--remove]: the virtual environment of this checkout, `.venv`. Does nothing where what it
# was made from has not changed. --remove takes it back, with the Debian packages it needed.
#   VIBETUI_PYTHON  the Python to make it from; default: the first one >= 3.11 in PATH
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
packages=.cache/python-packages # Debian's, which we installed
started=$SECONDS
say() { printf '%-13s %-58s %4s s\n' environment "$1" "$((SECONDS - started))"; }
fail() {
    printf '%-13s %s\n%-13s %s\n' environment "$1" '' "$2" >&2
    exit 1
}

if [[ ${1:-} == --remove ]]; then
    rm -rf "$venv"
    if [[ -s $packages ]]; then
        mapfile -t ours < "$packages"
        others=$(apt-get -qq -s purge "${ours[@]}" | awk '/^(Remv|Purg)/ { print $2 }' |
            grep -vxFf "$packages" || true)
        if [[ -z $others ]]; then
            DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge "${ours[@]}" > /dev/null
        else
            echo "Kept, since other packages need them:" "${ours[@]}"
        fi
    fi
    exit 0
fi

# A different interpreter, path or recipe means a different environment.
recipe() { cat pyproject.toml constraints.txt tools/venv.sh hatch_build.py 2>/dev/null; pwd; }
stamp=$(recipe | sha256sum | cut -d' ' -f1)
if [[ $(cat "$venv/.vibetui-stamp" 2>/dev/null) == "$stamp" ]] && "$venv/bin/python" -c '' 2>/dev/null
then
    say "there already"
    exit 0
fi

mkdir -p .cache
log=$PWD/.cache/environment.log
: > "$log"

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
find_python() { # The first new enough one that can make environments, else any new enough one.
    local name found=
    for name in ${VIBETUI_PYTHON:-python3 python3.1{1,2,3,4,5} /usr/bin/python3}; do
        new_enough "$name" || continue
        if has_venv "$name"; then
            command -v "$name"
            return
        fi
        found=${found:-$(command -v "$name")}
    done
    echo "$found"
}
debian_root() { [[ $EUID == 0 ]] && command -v apt-get >/dev/null; }
apt_install() {
    [[ -n $(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 2>/dev/null | head -1) ]] ||
        apt-get -qq update >> "$log" 2>&1
    apt-get -qq -s --no-install-recommends install "$@" | awk '/^Inst/ && !/\[[^]]*\] \(/ { print $2 }' \
        >> "$packages"
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >> "$log" 2>&1
}

python=$(find_python)
if { [[ -z $python ]] || ! has_venv "$python"; } && [[ -z ${VIBETUI_PYTHON:-} ]] && debian_root; then
    apt_install python3 python3-venv || true
    python=$(find_python)
fi
[[ -n $python ]] || fail "No Python 3.11 or newer was found." \
    "Install one (Debian: apt-get install python3 python3-venv) or name it: VIBETUI_PYTHON=/path/to/python."
has_venv "$python" || fail "$python can't make virtual environments." \
    "Install its venv module (Debian: apt-get install python3-venv)."

rm -f "$venv/.vibetui-stamp"
# `--clear` only where the old one is unusable: an upgrade in place keeps what is already right.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$venv" >> "$log" 2>&1
fi

# The build backend is installed beside the rest and build isolation is off: the C compiler comes
# once, pinned, and stays for rebuilding the agent.
build_requires=$("$venv/bin/python" - <<'EOF'
import pathlib, tomllib
print("\n".join(tomllib.loads(pathlib.Path("pyproject.toml").read_text())["build-system"]["requires"]))
EOF
)
mapfile -t build_requires <<<"$build_requires"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" >> "$log" 2>&1; }
backend_requires() { "$venv/bin/python" -c 'import hatchling.build as b; print(*b.get_requires_for_build_editable())'; }
{ pip install -c constraints.txt "${build_requires[@]}" &&
    pip install -c constraints.txt $(backend_requires) &&
    pip install -c constraints.txt --no-build-isolation -e '.[dev]'; } || {
    tail -15 "$log" >&2
    fail "The packages could not be installed." "The whole story is in .cache/environment.log."
}

echo "$stamp" > "$venv/.vibetui-stamp"
say "$("$venv/bin/python" -V), $("$venv/bin/python" -m pip list 2>/dev/null | tail -n +3 | wc -l) packages"
