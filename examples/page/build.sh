#!/bin/sh
. "$(dirname "$0")/../common.sh"

python_packages jinja2
cp -r app.py templates build/package
pack
