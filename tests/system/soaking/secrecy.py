"""Which secrets lie in which process: none in what waits for a function, its own alone in what
has one."""
import dataclasses
import os
import re

from holdings import processes, read

from soaking.gauges import own_processes
from soaking.languages import OWNER_FILE
from soaking.world import SECRET_MARK

SECRET = re.compile(re.escape(SECRET_MARK.encode()) + rb"(soak-\d+-[a-z]+)-")
REGION_MAX = 256 << 20


def owner(pid):
    """Whose code is mounted where the process lives; "" for nobody's."""
    return read(f"/proc/{pid}/root/var/task/{OWNER_FILE}").strip()


def lives(pid):
    """False also of a zombie, which has no root any more."""
    return os.path.isdir(f"/proc/{pid}/root/var")


def writable_memory(pid):
    """Pieces of it; what cannot be read (the process ended, a device) is left out."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps.read().splitlines():
            where, rights, *_ = line.split()
            begin, end = (int(part, 16) for part in where.split("-"))
            if "w" not in rights or end - begin > REGION_MAX:
                continue
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except (OSError, ValueError):
                pass


def secrets_of(pid, memory):
    """Names of the functions whose secrets are in its command, environment and memory."""
    found = set()
    for file in ("cmdline", "environ"):
        with open(f"/proc/{pid}/{file}", "rb") as text:
            found |= set(SECRET.findall(text.read()))
    if memory:
        for piece in writable_memory(pid):
            found |= set(SECRET.findall(piece))
    return {name.decode() for name in found}


@dataclasses.dataclass
class Looked:
    wrong: list = dataclasses.field(default_factory=list)  # (pid, command, owner, foreign secrets)
    waiting: int = 0  # processes without a function
    kept: int = 0     # processes in which their own function's secret was found


def misplaced(server, memory_of_owned=False):
    """Looks at every process in a sandbox."""
    looked, own = Looked(), own_processes(server)
    for pid, command in processes(server.data_dir).items():
        if pid in own:
            continue
        before = owner(pid)
        try:
            found = secrets_of(pid, memory_of_owned or not before)
        except OSError:
            continue  # it has ended
        if owner(pid) != before or not lives(pid):
            continue  # it was given its function meanwhile, and perhaps ended by it
        looked.waiting += not before
        looked.kept += before in found
        if found - {before}:
            looked.wrong.append((pid, command[:200], before, sorted(found - {before})))
    return looked
