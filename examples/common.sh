# Sourced by each build.sh: `cd`s into the example, clears build/, and gives a few helpers.
# What it makes: build/function.zip, build/runtime (the identifier to deploy with), build/event.json.

set -eu
cd "$(dirname "$0")"
rm -rf build
mkdir -p build/package
machine=$(uname -m) # x86_64 or aarch64

# The Python that packages are chosen for: this machine's, unless PYTHON_VERSION=3.x says otherwise.
python_version=${PYTHON_VERSION:-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')}

# python_packages <requirement>...: binary packages for the sandbox, never built here.
python_packages() {
    python3 -m pip install --quiet --root-user-action ignore --target build/package --only-binary=:all: \
        --python-version "$python_version" --implementation cp \
        --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
        --platform "manylinux2014_$machine" "$@"
    echo "python$python_version" >build/runtime
}

# photograph <file>: Eileen Collins, by NASA (public domain), 512 x 512, as scikit-image's package
# carries it. Kept in build/ of the tree, since the package is large.
photograph() {
    kept=../../build/examples/astronaut.png
    if [ ! -s "$kept" ]; then
        mkdir -p ../../build/examples/download
        python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.11 \
            --platform manylinux2014_x86_64 --dest ../../build/examples/download \
            scikit-image==0.24.0
        python3 -c '
import glob, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1])[0]) as wheel:
    open(sys.argv[2], "wb").write(wheel.read("skimage/data/astronaut.png"))
' "../../build/examples/download/scikit_image-*.whl" "$kept"
        rm -r ../../build/examples/download
    fi
    cp "$kept" "$1"
}

# pack: everything in build/package becomes build/function.zip, modes kept.
pack() {
    python3 -m zipfile -c build/function.zip build/package/.
    [ -e build/event.json ] || cp event.json build/event.json
    echo "$PWD/build/function.zip for $(cat build/runtime)"
}
