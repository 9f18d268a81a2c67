#!/bin/sh
. "$(dirname "$0")/../common.sh"

cp lambda_function.py build/package
echo "python$python_version" >build/runtime
pack
