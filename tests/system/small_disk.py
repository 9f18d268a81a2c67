"""A server whose data directory lies on a small file system of its own, made in a file. Needs root."""
import contextlib
import os
import subprocess

import pytest
from api import Api
from serving import Server
from waiting import eventually

MIB = 1 << 20


class SmallDisk:
    """An ext4 file system in a file, mounted."""

    def __init__(self, directory, mib):
        self.image = directory / "disk.img"
        self.place = directory / "disk"
        self.place.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(mib * MIB)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", self.image], check=True)
        if subprocess.run(["mount", "-o", "loop", self.image, self.place], check=False).returncode:
            pytest.skip("no loop device can be mounted here")

    def free(self):
        found = os.statvfs(self.place)
        return found.f_bavail * found.f_frsize

    def unmount(self):
        # What the last sandboxes hold may take a moment to go.
        assert eventually(lambda: subprocess.run(
            ["umount", self.place], check=False, capture_output=True).returncode == 0, 30)


@contextlib.contextmanager
def small_server(tmp_path, mib, *arguments):
    disk = SmallDisk(tmp_path, mib)
    server = None
    try:
        server = Server(disk.place / "data", *arguments).start()
        yield disk, server, Api(server.address, timeout=120)
    finally:
        if server is not None and server.process.poll() is None:
            server.stop()
        if server is not None:
            print(server.log())
        disk.unmount()
