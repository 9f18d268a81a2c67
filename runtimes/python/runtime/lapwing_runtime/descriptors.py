"""What a process has open, so that another can have the same at the same numbers.

Files are opened again where they were; pipes, socket pairs, eventfds and epolls within the process
are made again; every other socket becomes a new one of its kind, not connected. The rest is
refused.
"""

import os
import stat

_KEPT_FLAGS = ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC | os.O_NOCTTY)


class Unfit(Exception):
    """Why there can be no snapshot; the text goes into the function's log."""


def look(*ours):
    """What is open besides `ours` and the runtime's own (up to the highest of ours)."""
    kept = []
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        fd = int(name)
        if fd <= max(ours):
            continue
        try:
            mode = os.fstat(fd).st_mode
            link = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue  # the listing itself
        kept.append((fd, _flags(fd), *_describe(fd, mode, link)))
    return _pair(kept)


def put_back(kept):
    made = {}
    for fd, flags, kind, what in kept:
        if kind != "epoll":
            _put(fd, flags, _MAKERS[kind](fd, flags, what, made))
    for fd, flags, kind, what in kept:  # these name the others
        if kind == "epoll":
            _put(fd, flags, _make_epoll(what))
    for ends in made.values():
        for end in ends:
            os.close(end)


def _put(fd, flags, source):
    if source != fd:
        os.dup2(source, fd)
        os.close(source)
    os.set_inheritable(fd, not flags & os.O_CLOEXEC)
    os.set_blocking(fd, not flags & os.O_NONBLOCK)


def _info(fd):
    with open("/proc/self/fdinfo/{}".format(fd)) as file:
        return [line.split() for line in file]


def _flags(fd):
    for words in _info(fd):
        if words[:1] == ["flags:"]:
            return int(words[1], 8)
    return 0


def _describe(fd, mode, link):
    if link.endswith(" (deleted)"):
        raise Unfit("descriptor {} is a deleted file: {}".format(fd, link))
    if stat.S_ISREG(mode):
        return "file", (link, os.lseek(fd, 0, os.SEEK_CUR))
    if stat.S_ISDIR(mode) or (stat.S_ISCHR(mode) and link.startswith("/dev/")):
        return "file", (link, 0)
    if stat.S_ISFIFO(mode) and link.startswith("pipe:"):
        return "pipe", link
    if stat.S_ISSOCK(mode):
        return _describe_socket(fd)
    if link == "anon_inode:[eventfd]" and hasattr(os, "eventfd"):
        for words in _info(fd):
            if words[:1] == ["eventfd-count:"]:
                return "eventfd", int(words[1], 16)
    if link == "anon_inode:[eventpoll]":
        return "epoll", [(int(w[1]), int(w[3], 16)) for w in _info(fd) if w[:1] == ["tfd:"]]
    raise Unfit("descriptor {} cannot be kept: {}".format(fd, link))


def _describe_socket(fd):
    import socket
    import struct

    with socket.socket(fileno=os.dup(fd)) as one:
        what = (int(one.family), int(one.type), one.proto)
        if one.family != socket.AF_UNIX:
            return "socket", what
        credentials = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        own = struct.unpack("iII", credentials)[0] == os.getpid()
        return ("half" if own and one.getpeername() == "" else "socket"), what


def _pair(kept):
    """Finds the two ends of pipes and of socket pairs."""
    pipes = {}
    for fd, flags, kind, what in kept:
        if kind == "pipe":
            pipes.setdefault(what, []).append((fd, flags))
    out = []
    halves = [entry for entry in kept if entry[2] == "half"]
    peers = _peers([fd for fd, *_ in halves])
    for fd, flags, kind, what in kept:
        if kind == "pipe":
            accesses = {f & os.O_ACCMODE for _, f in pipes[what]}
            if accesses != {os.O_RDONLY, os.O_WRONLY}:
                raise Unfit("descriptor {} is a pipe to another process".format(fd))
            if _unread(fd):
                raise Unfit("descriptor {} is a pipe with something in it".format(fd))
        if kind == "half":
            kind, what = ("pair", (peers[fd], what)) if fd in peers else ("socket", what)
        out.append((fd, flags, kind, what))
    return out


def _unread(fd):
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


def _peers(fds):
    """Which of these are two ends of one pair: what goes into one comes out of the other."""
    peers = {}
    for fd in fds:
        if _unread(fd):
            raise Unfit("descriptor {} is a socket with something in it".format(fd))
    for fd in fds:
        if fd in peers:
            continue
        others = [other for other in fds if other != fd and other not in peers]
        try:
            os.write(fd, b"\0")
        except OSError:
            continue  # its other end is closed
        for other in others:
            if _unread(other):
                os.read(other, 1)
                peers[fd], peers[other] = other, fd
    return peers


# -- making ----------------------------------------------------------------------------------------


def _make_file(fd, flags, what, made):
    path, offset = what
    new = os.open(path, flags & _KEPT_FLAGS)
    if offset:
        os.lseek(new, offset, os.SEEK_SET)
    return new


def _make_pipe(fd, flags, link, made):
    if link not in made:
        made[link] = [_high(end) for end in os.pipe()]
    return os.dup(made[link][flags & os.O_ACCMODE == os.O_WRONLY])


def _make_pair(fd, flags, what, made):
    peer, (family, kind, proto) = what
    if fd not in made:
        import socket

        ends = socket.socketpair(family, kind, proto)
        made[fd], made[peer] = (_high(end.detach()) for end in ends)
    return made.pop(fd)


def _make_socket(fd, flags, what, made):
    import socket

    return socket.socket(*what).detach()


def _make_eventfd(fd, flags, count, made):
    return os.eventfd(count)


def _make_epoll(entries):
    import select

    epoll = select.epoll()
    for fd, events in entries:
        epoll.register(fd, events)
    number = os.dup(epoll.fileno())
    epoll.close()
    return number


def _high(fd):
    """Out of the way of the numbers that are still to be filled."""
    import fcntl

    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 512)
    os.close(fd)
    return high


_MAKERS = {
    "file": _make_file,
    "pipe": _make_pipe,
    "pair": _make_pair,
    "socket": _make_socket,
    "eventfd": _make_eventfd,
}
