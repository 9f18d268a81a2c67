#!/bin/sh
. "$(dirname "$0")/../common.sh"

python_packages igraph
cp app.py build/package
pack
