#!/usr/bin/env bash
# tests/prepare.sh: the clients the tests use, pinned: build/venv (pytest, boto3, AWS CLI 1),
# build/node, build/go-clients, build/java-clients (AWS SDKs for JavaScript 3, Go 2, Java 2),
# build/node-functions (Node.js 22 and 24, libraries), build/wheels (packages of functions),
# build/protocol-cases, and from the distribution AWS CLI 2 and the tools for
# container images. Quick when done.
# What cannot be had here (no npm, no awscli package on Ubuntu 24.04) is left out; the tests
# that need it skip, saying so.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
stamp() { cat "$@" | sha256sum | cut -c1-16; }
done_already() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

python_clients() {
  local want
  want=$(stamp tests/requirements.txt)
  done_already build/venv/.prepared "$want" && return
  # An earlier venv may be of another interpreter, or see the system's packages.
  python3 -m venv --clear build/venv
  build/venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
  echo "$want" >build/venv/.prepared
}

# Packages of functions; without PyPI their tests are left out.
function_packages() {
  local want
  want=$(stamp tests/requirements-functions.txt)
  done_already build/wheels/.prepared "$want" && return
  rm -rf build/wheels
  build/venv/bin/pip download --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: -d build/wheels -r tests/requirements-functions.txt ||
    { echo "wheels could not be had: tests of packages from PyPI are left out" >&2; return; }
  echo "$want" >build/wheels/.prepared
}

# The public protocol cases, which are in botocore's source package alone (tests/wire).
protocol_cases() {
  local into=build/protocol-cases want version
  want=$(stamp tests/requirements.txt)
  done_already $into/.prepared "$want" && return
  version=$(sed -n 's/^botocore==//p' tests/requirements.txt)
  rm -rf $into
  mkdir -p $into
  build/venv/bin/pip download --quiet --disable-pip-version-check --no-deps \
    --no-binary botocore -d $into "botocore==$version" &&
    tar xzf "$into/botocore-$version.tar.gz" -C $into --strip-components=4 \
      "botocore-$version/tests/unit/protocols" || {
    echo "botocore's source cannot be had here: the public protocol cases are left out" >&2
    return
  }
  rm "$into/botocore-$version.tar.gz"
  echo "$want" >$into/.prepared
}

javascript_clients() {
  local js=tests/conformance/js want
  command -v npm >/dev/null || { echo "no npm: the SDK for JavaScript is left out" >&2; return; }
  want=$(stamp $js/package.json $js/package-lock.json)
  done_already build/node/.prepared "$want" && return
  rm -rf build/node
  mkdir -p build/node
  cp $js/package.json $js/package-lock.json build/node/
  npm ci --prefix build/node --silent --no-audit --no-fund
  echo "$want" >build/node/.prepared
}

# The SDK for Go v2, built into a program that uses it.
go_clients() {
  local from=tests/conformance/go to=build/go-clients want
  command -v go >/dev/null || { echo "no go: the SDK for Go is left out" >&2; return; }
  want=$(stamp $from/go.mod $from/go.sum $from/queues.go)
  done_already $to/.prepared "$want" && return
  mkdir -p $to
  (cd $from && GOFLAGS=-mod=readonly GOTOOLCHAIN=local go build -o "$OLDPWD/$to/queues" .) || {
    echo "Go's modules cannot be had here: the SDK for Go is left out" >&2
    return
  }
  echo "$want" >$to/.prepared
}

# The SDK for Java v2: its jars.
java_clients() {
  local from=tests/conformance/java to=build/java-clients want
  command -v mvn >/dev/null && command -v javac >/dev/null ||
    { echo "no Maven or no javac: the SDK for Java is left out" >&2; return; }
  want=$(stamp $from/pom.xml)
  done_already $to/.prepared "$want" && return
  rm -rf $to
  mvn -q -B -f $from/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/$to" || {
    echo "Maven Central cannot be reached: the SDK for Java is left out" >&2
    return
  }
  echo "$want" >$to/.prepared
}

# Agents and tracers that functions package (tests/runtimes/around), for this environment's Python.
agent_packages() {
  local want into=build/agent-packages
  want=$(stamp tests/requirements.txt tests/requirements-agents.txt)
  done_already $into/.prepared "$want" && return
  rm -rf $into
  build/venv/bin/pip install --quiet --disable-pip-version-check --no-compile --no-deps \
    --target $into -r tests/requirements-agents.txt || {
    echo "agents and tracers of functions cannot be had here: tests with them are left out" >&2
    return
  }
  echo "$want" >$into/.prepared
}

# Further versions of Node.js, and libraries of functions, in build/node-functions.
node_functions() {
  local from=tests/runtimes/node to=build/node-functions want
  command -v npm >/dev/null || return 0
  want=$(stamp $from/package.json $from/package-lock.json)
  done_already $to/.prepared "$want" && return
  rm -rf $to
  mkdir -p $to
  cp $from/package.json $from/package-lock.json $to/
  npm ci --prefix $to --silent --no-audit --no-fund || {
    echo "npm's registry cannot be reached: Node.js 22 and 24 and Powertools are left out" >&2
    return 0
  }
  echo "$want" >$to/.prepared
}

cli_2() {
  /usr/bin/aws --version 2>&1 | grep -q '^aws-cli/2' && return
  apt-cache show awscli >/dev/null 2>&1 || {
    echo "no awscli package: AWS CLI 2 is left out" >&2
    return
  }
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends awscli >/dev/null ||
    echo "awscli could not be installed: AWS CLI 2 is left out" >&2
}

# A registry, what makes images and brings them there, and a small world to put into them.
image_tools() {
  local missing=() tool
  for tool in docker-registry skopeo umoci busybox-static:busybox; do
    command -v "${tool#*:}" >/dev/null || missing+=("${tool%:*}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    echo "${missing[*]} could not be installed: tests of container images are left out" >&2
}

mkdir -p build
python_clients
protocol_cases
function_packages
javascript_clients
go_clients
java_clients
agent_packages
node_functions
cli_2
image_tools
