#!/bin/sh
# Makes the environment in the folder $1 from requirements.lock, hashes required. uv comes from the lock too, by pip.
set -eu
venv=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12" >&2
    exit 1
}

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends python3-venv >/dev/null
    else
        echo "Python's venv is missing; install it: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

if [ ! -x "$venv/bin/uv" ]; then
    "$python" -m venv "$venv"
    awk '/^uv==/ { keep = 1 } keep { print } keep && !/\\$/ { exit }' requirements.lock > "$venv/uv.lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$venv/uv.lock"
fi
echo "Installing the environment into $venv (several GB with torch's CUDA libraries, once)"
"$venv/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.lock
