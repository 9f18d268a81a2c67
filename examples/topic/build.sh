#!/bin/sh
. "$(dirname "$0")/../common.sh"

cp app.py build/package
echo "python$python_version" >build/runtime
pack
