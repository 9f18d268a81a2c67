"""What the machine holds of one server, found by its data directory: processes, mounts, loop
devices, control groups. Other servers on the machine do not count. A namespace lives no longer
than its last process or mount, so none of those means no namespace either."""
import glob
import os
import pathlib

CGROUPS = pathlib.Path("/sys/fs/cgroup")


def group_name(data_dir):
    """As the sandbox launcher names its subtree: by its lock file."""
    lock = os.stat(os.path.join(data_dir, "sandbox.lock"))
    return f"lapwing-{lock.st_dev:x}-{lock.st_ino:x}"


def read(path):
    try:
        return pathlib.Path(path).read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def processes(data_dir):
    """{pid: command} of the server's own processes and of what runs in its sandboxes."""
    group, found = group_name(data_dir), {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        command = read(f"/proc/{pid}/cmdline")
        if int(pid) != os.getpid() and (f"--data-dir {data_dir} " in command + " "
                                        or group in read(f"/proc/{pid}/cgroup")):
            if read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] != ["Z"]:
                found[int(pid)] = command
    return found


def groups(data_dir):
    """The server's trees of control groups, one in each hierarchy. Other servers' groups go while
    this looks, which glob.glob passes over and Path.glob does not."""
    name = group_name(data_dir)
    return [path for depth in ("", "*/", "*/*/") for path in glob.glob(f"{CGROUPS}/{depth}{name}")]


def holdings(data_dir):
    """{kind: list}; empty lists where nothing is held."""
    real = os.path.realpath(data_dir)
    mounts = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for line in read(f"/proc/{pid}/mountinfo").splitlines():
            if real in line:
                mounts.add(" ".join(line.split()[3:5]))
    loops = [str(b) for b in pathlib.Path("/sys/block").glob("loop*/loop/backing_file")
             if real in read(b)]
    return {"processes": list(processes(data_dir).items()), "mounts": sorted(mounts),
            "loops": loops, "groups": groups(data_dir)}


def nothing_held(data_dir):
    return not any(holdings(data_dir).values())
