#!/bin/sh
. "$(dirname "$0")/../common.sh"

CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -ldflags '-s -w' -o build/package/bootstrap .
echo provided.al2023 >build/runtime
pack
