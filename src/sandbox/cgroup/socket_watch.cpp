#include "sandbox/cgroup/socket_watch.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr int kHeldField = 4;  // of /proc/net/netlink: sk Eth Pid Groups Rmem ...
constexpr std::size_t kNetlinkTableMax = 1u << 20;

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// 0 where there is none, as in a table's heading.
std::uint64_t number(std::string_view word) {
  std::uint64_t value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

std::uint64_t kib_of(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + key.size());
  return number(next_word(text));
}

}  // namespace

bool MachineMemory::is_short() const {
  return static_cast<double>(available) < static_cast<double>(total) * kMemoryShortPart;
}

MachineMemory machine_memory() {
  const std::string text = os::read_file("/proc/meminfo").value_or(std::string());
  return {kib_of(text, "MemTotal:") * kKiB, kib_of(text, "MemAvailable:") * kKiB};
}

std::uint64_t netlink_bytes(int proc, pid_t process) {
  const auto table =
      os::read_file_at(proc, std::to_string(process) + "/net/netlink", kNetlinkTableMax);
  // Nobody needs ten thousand of these sockets.
  if (!table) return table.error().kind() == ErrorKind::kTooLarge ? UINT64_MAX : 0;
  std::uint64_t held = 0;
  for (std::string_view rest = *table; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    for (int field = 0; field < kHeldField; ++field) next_word(line);
    held += number(next_word(line));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return held;
}

pid_t most_uncounted(int proc, const std::vector<pid_t>& first_processes) {
  pid_t found = 0;
  std::uint64_t most = kUncountedBytesMax;
  for (const pid_t process : first_processes) {
    const std::uint64_t held = netlink_bytes(proc, process);
    if (held <= most) continue;
    most = held;
    found = process;
  }
  return found;
}

}  // namespace lapwing::sandbox
