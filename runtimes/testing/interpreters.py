"""The interpreters of this machine, one a minor version: Debian's, pyenv's, nvm's, rbenv's, ..."""

import glob
import os
import pathlib
import re
import subprocess

_PYTHONS = (
    "~/.pyenv/versions/*/bin/python3",
    "/root/.pyenv/versions/*/bin/python3",
    "/opt/python*/bin/python3",
    "/usr/local/bin/python3.*",
    "/usr/bin/python3.*",
)
_NODES = (
    "/usr/bin/node",
    "/usr/local/bin/node",
    "~/.nvm/versions/node/*/bin/node",
    "/opt/node*/bin/node",
    str(pathlib.Path(__file__).parents[2] / "build/node-functions/node_modules/node*/bin/node"),
)
_RUBIES = (
    "~/.rbenv/versions/*/bin/ruby",
    "/opt/ruby*/bin/ruby",
    "/usr/local/bin/ruby",
    "/usr/bin/ruby",
)


def _found(patterns, version_command):
    seen = {}
    for pattern in patterns + tuple(filter(None, [os.environ.get("LAPWING_TEST_NODES", "")])):
        for path in sorted(glob.glob(os.path.expanduser(pattern))):
            if re.search(r"(config|pip)$", path) or not os.access(path, os.X_OK):
                continue
            done = subprocess.run([path] + version_command, capture_output=True, text=True)
            version = tuple(int(n) for n in re.findall(r"\d+", done.stdout)[:2])
            if done.returncode == 0 and version:
                seen.setdefault(version, path)
    return dict(sorted(seen.items()))


def pythons():
    """{(3, 12): path}, from 3.6 on."""
    script = "import sys; print(*sys.version_info[:2])"
    found = _found(_PYTHONS, ["-c", script])
    return {version: path for version, path in found.items() if version >= (3, 6)}


def nodes():
    """{(20, 20): path}, from 16 on."""
    found = _found(_NODES, ["-p", "process.versions.node"])
    return {version: path for version, path in found.items() if version >= (16, 0)}


def rubies():
    """{(3, 1): path}, from 3.0 on."""
    found = _found(_RUBIES, ["--disable-gems", "-e", "print RUBY_VERSION"])
    return {version: path for version, path in found.items() if version >= (3, 0)}


def by_version():
    """Versions of this machine's interpreters: what a managed runtime can be served by."""
    return {"python": sorted(pythons()), "nodejs": sorted(nodes()), "ruby": sorted(rubies())}
