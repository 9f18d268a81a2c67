"""What a function's initialisation left in /tmp, through a descriptor and back.

One entry after the other: a line `kind mode mtime_ns size path_bytes`, the path, the content.
Directories come before what is in them. Sockets are left out.
"""

import os
import stat

ROOTS = ("/tmp",)
_CHUNK = 1 << 20
_HEAD_LIMIT = 256


def save(fd, roots=ROOTS):
    for root in roots:
        for folder, folders, files in os.walk(root):
            for name in folders + files:
                _save_one(fd, os.path.join(folder, name))


def load(fd):
    """From the beginning of a regular file."""
    at = 0
    size = os.fstat(fd).st_size
    times = []
    while at < size:
        head = os.pread(fd, _HEAD_LIMIT, at).partition(b"\n")[0]
        kind, mode, mtime, length, path_length = head.split()
        at += len(head) + 1
        path = os.pread(fd, int(path_length), at)
        at += int(path_length)
        _load_one(fd, at, kind, int(mode), int(length), path)
        at += int(length)
        if kind != b"l":
            times.append((path, int(mode), int(mtime)))
    for path, mode, mtime in reversed(times):  # a folder's last: filling it changes its time
        os.chmod(path, mode)
        os.utime(path, ns=(mtime, mtime))


def _save_one(fd, path):
    info = os.lstat(path)
    kind = _kind(info.st_mode)
    if kind is None:
        return
    target = os.fsencode(os.readlink(path)) if kind == "l" else b""
    length = info.st_size if kind == "f" else len(target)
    mode = stat.S_IMODE(info.st_mode)
    name = os.fsencode(path)
    head = "{} {} {} {} {}\n".format(kind, mode, info.st_mtime_ns, length, len(name))
    _write(fd, head.encode() + name + target)
    if kind == "f" and length:
        if not mode & stat.S_IRUSR:
            os.chmod(path, mode | stat.S_IRUSR)
        _save_content(fd, path, length)


def _kind(mode):
    if stat.S_ISDIR(mode):
        return "d"
    if stat.S_ISREG(mode):
        return "f"
    if stat.S_ISLNK(mode):
        return "l"
    return "p" if stat.S_ISFIFO(mode) else None


def _save_content(fd, path, length):
    source = os.open(path, os.O_RDONLY)
    try:
        while length:
            part = os.read(source, min(length, _CHUNK))
            if not part:  # it shrank under our hands
                part = bytes(min(length, _CHUNK))
            _write(fd, part)
            length -= len(part)
    finally:
        os.close(source)


def _load_one(fd, at, kind, mode, length, path):
    if kind == b"d":
        if not os.path.isdir(path):
            os.mkdir(path)
        os.chmod(path, mode | stat.S_IRWXU)
    elif kind == b"l":
        os.symlink(os.pread(fd, length, at), path)
    elif kind == b"p":
        os.mkfifo(path)
    else:
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            end = at + length
            while at < end:
                at += os.sendfile(target, fd, at, min(end - at, 1 << 30))
        finally:
            os.close(target)


def _write(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
