#!/bin/sh
# Every test of the runtimes, or those of the folders given (relative to this one). Arguments go
# to pytest. Needs a Python 3.7+ with pytest (Debian:
# python3-pytest); where python3 has none, one is put into build/venv.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=python3
if ! $python -c 'import pytest' 2>/dev/null; then
    venv=$here/../build/venv
    if [ ! -x "$venv/bin/pytest" ]; then
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet pytest
    fi
    python=$venv/bin/python
fi
cd "$here"
exec "$python" -m pytest -q -p no:cacheprovider "$@"
