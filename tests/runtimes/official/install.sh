#!/bin/sh
# install.sh python|node: AWS's own runtime clients, from their registries into build/official/.
# The Node.js client is the newest one that takes callbacks and runs on Node.js 18 and 20; it
# builds a native module with cmake, make, autoconf, automake, libtool.
set -eu
target=$(cd "$(dirname "$0")/../../.." && pwd)/build/official
mkdir -p "$target"
case $1 in
python)
    [ -e "$target/python/done" ] && exit 0
    python3 -m venv "$target/python"
    "$target/python/bin/pip" install --quiet awslambdaric==4.2.2
    touch "$target/python/done"
    ;;
node)
    [ -e "$target/node/done" ] && exit 0
    npm install --silent --no-audit --no-fund --prefix "$target/node" aws-lambda-ric@3.3.0
    touch "$target/node/done"
    ;;
esac
