// SocketWatch: what sockets hold and the kernel counts as nobody's memory. Netlink's answers that
// are not read are in no control group, and no limit but each socket's own holds them: a sandbox
// can have more sockets than the machine has memory for. So, when the machine's memory is short,
// the sandbox that holds most in this way is found, for its end.
//
// Thread-safety: one thread (the helper's).
#pragma once

#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace lapwing::sandbox {

// The machine's, in bytes.
struct MachineMemory {
  std::uint64_t total = 0;
  std::uint64_t available = 0;
  // Less is left than kMemoryShortPart of it.
  bool is_short() const;
};
MachineMemory machine_memory();

// Held by netlink sockets of the network namespace that the process is in. `proc`: of the machine.
std::uint64_t netlink_bytes(int proc, pid_t process);

// Of those first processes the one whose sandbox holds most, if that is more than
// kUncountedBytesMax; 0 otherwise.
pid_t most_uncounted(int proc, const std::vector<pid_t>& first_processes);

}  // namespace lapwing::sandbox
