"""Building Java functions with the machine's JDKs and AWS's client; JVMs that wait for one."""
import contextlib
import io
import os
import pathlib
import subprocess
import zipfile

from conftest import ROOT

CLIENT = ROOT / "build" / "java-client"
JDKS = sorted(p for p in pathlib.Path("/usr/lib/jvm").glob("*")
              if not p.is_symlink() and (p / "bin/javac").exists())


def major(jdk):
    for line in (jdk / "release").read_text().splitlines():
        if line.startswith("JAVA_VERSION="):
            return line.split('"')[1].split(".")[0]
    raise AssertionError("no version in {}/release".format(jdk))


VERSIONS = sorted({major(jdk) for jdk in JDKS})


def compiled(folder, sources, class_path=()):
    """{name in the package: bytes} of sources {path: text}, for Java 11 and newer."""
    files = []
    for name, text in sources.items():
        path = folder / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        files.append(str(path))
    out = folder / "classes"
    jars = [str(p) for p in (CLIENT / "lib").glob("*.jar")] + [str(p) for p in class_path]
    run = subprocess.run([str(JDKS[0] / "bin/javac"), "--release", "11", "-cp",
                          os.pathsep.join(jars), "-d", str(out), *files],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.class")}


def jar(classes):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
        for name, data in classes.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def waiting(server, memory_mb, version=""):
    """Pids of JVMs of that server which wait for a function of that size: they have loaded what
    they can and sleep in the read of their pipe."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = stat.read_bytes().split(b"\0")
            if (words[0] == b"/var/runtime/java_standby" and
                    f"-XX:MaxRAM={memory_mb}m".encode() in words and
                    descends(int(stat.parent.name), server.process.pid) and
                    any(f"/java-{version}".encode() in word for word in words) and
                    settled(stat.parent)):
                found.append(int(stat.parent.name))
    return found


def descends(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


def settled(process):
    """The thread that will be main reads the pipe: system call 0 on descriptor 5."""
    for task in process.glob("task/*/syscall"):
        if task.read_text().startswith("0 0x5 "):
            return True
    return False
