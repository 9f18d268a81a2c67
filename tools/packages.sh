# What Lapwing needs from the distribution, by purpose. Sourced by tools/setup.
# Debian 12 and Ubuntu 24.04; where names differ, the first one that exists is taken.
build_packages=(clang-19 libclang-rt-19-dev mold ccache cmake ninja-build pkg-config python3 git
  libssl-dev libsqlite3-dev zlib1g-dev libzstd-dev libseccomp-dev libpcre2-dev
  libtomlplusplus-dev libcli11-dev libfmt-dev libgtest-dev libbenchmark-dev)
# At run time: interpreters of the managed runtimes, formatting of /tmp images, the hello example.
run_packages=(python3 curl e2fsprogs ca-certificates tzdata)
test_packages=(clang-format-19 clang-tidy-19 llvm-19 python3-venv python3-pip python3-pytest
  nodejs ruby openjdk-17-jdk-headless maven gradle zip unzip strace iproute2 nftables
  autoconf automake libtool)  # the last three build the official client for Node.js
