#!/bin/sh
# fetch.sh DIR: puts AWS's Java runtime interface client into DIR/lib, from Maven Central by mvn
# (versions in pom.xml). `lapwing runtime add java-client --from DIR` then gives it to a server.
# Nothing is done when DIR holds these versions already.
set -eu
[ $# = 1 ] || { echo "usage: fetch.sh DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
into=$(cd "$1" && pwd)
want=$(sha256sum <"$here/pom.xml" | cut -c1-16)
[ "$(cat "$into/.version" 2>/dev/null)" = "$want" ] && exit 0
for tool in mvn unzip; do
    command -v $tool >/dev/null || { echo "fetch.sh needs $tool" >&2; exit 1; }
done
rm -rf "$into/lib"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$into/lib" >&2
# Beside its jar, so that the client does not have to unpack it into every /tmp.
machine=$(uname -m | sed 's/aarch64/aarch_64/')
unzip -q -o -j "$into/lib/aws-lambda-java-runtime-interface-client-"*.jar \
    "jni/libaws-lambda-jni.linux-$machine.so" -d "$into/lib"
mv "$into/lib/libaws-lambda-jni.linux-$machine.so" "$into/lib/libaws-lambda-jni.so"
chmod 755 "$into/lib/libaws-lambda-jni.so"
echo "$want" >"$into/.version"
