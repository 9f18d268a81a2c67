#!/bin/sh
. "$(dirname "$0")/../common.sh"

# Linked statically, so that it depends on nothing in the sandbox. The target folder is kept.
target=$machine-unknown-linux-gnu
RUSTFLAGS='-C target-feature=+crt-static' cargo build --quiet --release --target "$target" \
    --target-dir ../../build/examples/csv-rust
cp "../../build/examples/csv-rust/$target/release/csv-rust" build/package/bootstrap
echo provided.al2023 >build/runtime
pack
