"""Building Java functions with the machine's JDKs and AWS's client."""
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
