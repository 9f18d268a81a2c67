#!/bin/sh
. "$(dirname "$0")/../common.sh"

case $machine in x86_64) cpu=x64 ;; *) cpu=arm64 ;; esac
cp index.mjs package.json build/package
npm install --silent --no-audit --no-fund --omit=dev --os=linux --cpu=$cpu --libc=glibc \
    --prefix build/package
photograph build/photo.png
python3 -c '
import base64, json
image = base64.b64encode(open("build/photo.png", "rb").read()).decode()
json.dump({"image": image, "width": 200}, open("build/event.json", "w"))
'
echo nodejs20.x >build/runtime
pack
