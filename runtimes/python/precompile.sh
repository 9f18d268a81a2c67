#!/bin/sh
# precompile.sh [package folder]: keeps the bytecode of the Python runtime beside its source, for
# every Python 3 of this machine (where the catalogue looks). In the sandbox /var/runtime is
# read-only: without this each start compiles the packages again. Bytecode is checked against its
# source, so it is never stale.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- "$here/runtime/lapwing_runtime" "$here/runtime/awslambdaric"
for python in /usr/bin/python3 /usr/bin/python3.* /usr/local/bin/python3 /usr/local/bin/python3.* \
    /opt/python*/bin/python3 /root/.pyenv/versions/3*/bin/python3 "${HOME:-/root}"/.pyenv/versions/3*/bin/python3; do
    case $python in *config | *[!0-9]) continue ;; esac
    [ -x "$python" ] || continue
    "$python" -S -m compileall -q "$@" || true
done
