"""What a server holds of the machine, as it runs; and whether that grows."""
import os
import pathlib
import statistics

from api import Api
from holdings import groups, holdings, processes, read

NAMESPACES = ("mnt", "pid", "net", "ipc", "uts", "user", "cgroup")


def metrics(address):
    """{name with labels: value} of /_lapwing/metrics, without the prefix."""
    text = Api(address).call("GET", "/_lapwing/metrics").body.decode()
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("lapwing_"): int(value) for name, value in lines}


def own_processes(server):
    """Pids of the server and its helper."""
    children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [server.pid, *(int(c) for c in children if f"--data-dir {server.data_dir}" in
                          read(f"/proc/{c}/cmdline"))]


def status(pid, field):
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    found = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except OSError:
            pass  # closed meanwhile
    return found


def namespaces(pids, links):
    """Kinds and numbers of those that processes are in or descriptors keep, but our own."""
    found = {link for link in links if link.partition(":")[0] in NAMESPACES}
    for pid in pids:
        for kind in NAMESPACES:
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                break  # the process has ended
    return found - {os.readlink(f"/proc/self/ns/{kind}") for kind in NAMESPACES}


def groups_below(data_dir):
    """How many control groups the server has, of all hierarchies."""
    return sum(1 for top in groups(data_dir) for _ in os.walk(top))


def look(server):
    """One sample."""
    own, values = own_processes(server), metrics(server.address)
    links = [link for pid in own for link in descriptors(pid)]
    held, running = holdings(server.data_dir), processes(server.data_dir)
    return {
        "resident_kb": status(server.pid, "VmRSS"),
        "helper_kb": sum(status(pid, "VmRSS") for pid in own[1:]),
        "descriptors": len(links), "threads": sum(status(pid, "Threads") for pid in own),
        "mounts": len(held["mounts"]), "loops": len(held["loops"]),
        "groups": groups_below(server.data_dir), "namespaces": len(namespaces(running, links)),
        "processes": len(running), "environments": values["environments"],
        "ready": values["environments_ready"], "invocations": values["invocations_total"],
        "cold": values['cold_starts_total{kind="on_demand"}'],
    }


# What one environment takes, one that waits for a function as well as one that has it; and what
# a connection or a job in flight may add at the moment of looking. Mounts are counted as the
# files of the data directory that are mounted, wherever and however often.
EACH = {"descriptors": 12, "mounts": 1, "loops": 1, "groups": 3, "namespaces": 7, "processes": 4}
AT_ONCE = {"descriptors": 12, "threads": 0, "mounts": 8, "loops": 2, "groups": 3, "namespaces": 7,
           "processes": 4}


def medians(samples):
    return {kind: statistics.median(sample[kind] for _, sample in samples)
            for kind in samples[0][1]}


def grown(before, after, beside=AT_ONCE, share=0.0):
    """{kind: (before, after)} of what there is more of than before, beyond what more
    environments, `beside` and that share of it explain."""
    more = max(0, sum(after[kind] - before[kind] for kind in ("environments", "ready")))
    return {kind: (before[kind], after[kind]) for kind, tolerance in beside.items()
            if after[kind] > before[kind] * (1 + share) + tolerance + more * EACH.get(kind, 0)}


def kib_per_minute(samples, kind):
    """Median of the slopes between all pairs of samples (Theil and Sen): a step or a spike
    does not tilt it."""
    slopes = [(b[1][kind] - a[1][kind]) * 60 / (b[0] - a[0])
              for i, a in enumerate(samples) for b in samples[i + 1:]]
    return statistics.median(slopes) if slopes else 0.0
