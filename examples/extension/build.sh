#!/bin/sh
. "$(dirname "$0")/../common.sh"

mkdir build/package/extensions
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o build/package/extensions/bill .
python3 -m zipfile -c build/layer.zip build/package/.
echo "$PWD/build/layer.zip"
