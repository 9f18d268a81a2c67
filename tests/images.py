"""Container images for tests, made with umoci and skopeo (see prepare.sh) from what this machine
has: busybox, its own Python, AWS's runtime interface client."""
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLIENT = "awslambdaric==4.2.2"
PYTHON = "/usr/bin/python3"
TOOLS = ("umoci", "skopeo", "docker-registry", "busybox")
APPLETS = ("sh", "cat", "ls", "id", "wget", "sleep", "touch", "env")

# The Runtime API in the shell. Its first argument is the image's or the function's command.
SHELL_RUNTIME = r"""#!/bin/sh
echo "cold: $(pwd) $1 $GREETING" >&2
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while true; do
  wget -q -S -O /tmp/event $api/next 2>/tmp/head
  id=$(while read key value; do
    case "$key" in [Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d:) echo "$value";; esac
  done </tmp/head)
  id=$(echo $id)
  answer="{\"event\":$(cat /tmp/event),\"argument\":\"$1\",\"greeting\":\"$GREETING\",\"cwd\":\"$(pwd)\"}"
  wget -q -O - --post-data "$answer" $api/$id/response >/dev/null
done
"""


def tools(names):
    for name in names:
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")


class Layer:
    """A tar file, entry by entry; hostile ones too."""

    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, path, content=b"", mode=0o644, kind=tarfile.REGTYPE, link=""):
        info = tarfile.TarInfo(path)
        info.type, info.mode, info.linkname, info.mtime = kind, mode, link, 1_700_000_000
        content = content.encode() if isinstance(content, str) else content
        info.size = len(content)
        self.tar.addfile(info, io.BytesIO(content))
        return self

    def directory(self, path, mode=0o755):
        return self.add(path, mode=mode, kind=tarfile.DIRTYPE)

    def link(self, path, target):
        return self.add(path, mode=0o777, kind=tarfile.SYMTYPE, link=target)

    def host(self, path, inside=None):
        """A file or tree of this machine, where links lead."""
        real = pathlib.Path(os.path.realpath(path))
        inside = (inside or str(path)).lstrip("/")
        if real.is_dir():
            for child in sorted(real.iterdir()):
                if child.name in ("__pycache__", "test", "dist-packages") \
                        or child.name.startswith("config-"):
                    continue
                self.host(child, f"{inside}/{child.name}")
        elif real.is_file():
            self.add(inside, real.read_bytes(), real.stat().st_mode & 0o777)
        return self

    def write(self, file):
        self.tar.close()
        pathlib.Path(file).write_bytes(self.bytes.getvalue())
        return file


def busybox_layer():
    busybox = shutil.which("busybox")
    layer = Layer().host(busybox, "bin/busybox")
    for file in libraries(busybox):  # none where it is linked statically
        layer.host(file)
    for applet in APPLETS:
        layer.link(f"bin/{applet}", "busybox")
    return layer.add("var/task/bootstrap", SHELL_RUNTIME, 0o755).directory("tmp")


def libraries(*files):
    found = set()
    for file in files:
        said = subprocess.run(["ldd", str(file)], capture_output=True, text=True).stdout
        for word in said.split():
            if word.startswith("/"):
                found.add(word)
    return sorted(found)


def client_directory():
    """AWS's runtime interface client for the machine's Python, from PyPI."""
    version = subprocess.run([PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                             capture_output=True, text=True, check=True).stdout.strip()
    target = ROOT / "build/official/image" / version
    if not (target / "done").exists():
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target),
                        "--python-version", version, "--only-binary=:all:", CLIENT], check=True)
        (target / "done").touch()
    return version, target


def python_layers(source):
    """The machine's Python with AWS's client, and the function in a layer of its own."""
    version, client = client_directory()
    layer = Layer()
    binary = os.path.realpath(PYTHON)
    modules = list(pathlib.Path(f"/usr/lib/python{version}/lib-dynload").glob("*.so"))
    for file in {binary, *libraries(binary, *modules, *client.rglob("*.so"))}:
        layer.host(file)
    layer.host(f"/usr/lib/python{version}").link("usr/bin/python3", os.path.basename(binary))
    layer.host(client, f"usr/lib/python{version}/site-packages").directory("tmp")
    layer.link("usr/local/bin/python", "/usr/bin/python3")
    return [layer, Layer().add("app/app.py", source)], f"/usr/lib/python{version}/site-packages"


class Layout:
    """An OCI layout in a directory, images in it by tag."""

    def __init__(self, directory, needed=TOOLS):
        """Without those tools the test is skipped."""
        tools(needed)
        self.directory = pathlib.Path(directory)
        self.umoci("init", "--layout", self.directory)

    def umoci(self, *arguments):
        subprocess.run(["umoci", *map(str, arguments)], check=True, capture_output=True)

    def image(self, tag, layers, based_on=None, entry_point=(), command=(), directory=None,
              environment=None):
        name = f"{self.directory}:{tag}"
        if based_on:
            self.umoci("tag", "--image", f"{self.directory}:{based_on}", tag)
        else:
            self.umoci("new", "--image", name)
        for number, layer in enumerate(layers):
            file = self.directory.parent / f"{self.directory.name}-{tag}-{number}.tar"
            self.umoci("raw", "add-layer", "--image", name, layer.write(file))
            file.unlink()
        about = [*(f"--config.entrypoint={word}" for word in entry_point),
                 *(f"--config.cmd={word}" for word in command),
                 *(f"--config.env={key}={value}" for key, value in (environment or {}).items())]
        if directory:
            about.append(f"--config.workingdir={directory}")
        if about:
            self.umoci("config", "--image", name, *about)
        return f"oci:{name}"

    def digest(self, tag):
        index = json.loads((self.directory / "index.json").read_text())
        for entry in index["manifests"]:
            if entry["annotations"]["org.opencontainers.image.ref.name"] == tag:
                return entry["digest"].split(":")[1]
        raise KeyError(tag)

    def push(self, tag, name, *options):
        subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", *options,
                        f"oci:{self.directory}:{tag}", f"docker://{name}"],
                       check=True, capture_output=True)
        return name
