#include "sandbox/cgroup/resident_memory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"

namespace lapwing::sandbox {

std::optional<ResidentMemory> resident_memory(int pid) {
  const auto text = os::read_file(fmt::format("/proc/{}/statm", pid));
  if (!text) return std::nullopt;
  // In pages: the whole address space, what is resident, and how much of that is not anonymous.
  std::array<std::uint64_t, 3> pages{};
  std::string_view rest = *text;
  for (std::uint64_t& value : pages) {
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (parsed.ec != std::errc()) return std::nullopt;
    rest.remove_prefix(
        std::min(rest.size(), static_cast<std::size_t>(parsed.ptr - rest.data()) + 1));
  }
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  ResidentMemory memory;
  memory.mapped_bytes = pages[2] * page_bytes;
  memory.own_bytes = (pages[1] - std::min(pages[1], pages[2])) * page_bytes;
  return memory;
}

}  // namespace lapwing::sandbox
