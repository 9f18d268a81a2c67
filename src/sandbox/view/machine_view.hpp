// What a function sees of the machine: memory and processors of its own size, not the machine's.
// Databases, virtual machines and thread pools size themselves by it.
//
// For each memory size in use a directory of small files is made once, and mounted read-only
// over what the kernel would show:
//
//   /proc/meminfo   the function's memory; what is free is what is left once a runtime has
//                   started, and does not change later
//   /sys            online processors, and the control group files of both versions under the
//                   names that runtimes read (memory.max, memory.limit_in_bytes, cpu.max, ...)
//   /proc/cpuinfo, /proc/stat   where the machine has more processors than the function: those it
//                   is shown, as they were when the server started
//
// Which system calls answer the same: system_answers.hpp.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

// Two processors up to 3,008 MB, then one more for about each 1,769 MB, up to six, as AWS; no
// more than the machine has.
std::uint32_t processors_of(std::uint64_t memory_bytes, std::uint32_t machine);
// What is left of the memory once a runtime has started.
std::uint64_t memory_free_at_start(std::uint64_t memory_bytes);
std::uint32_t processors_of_machine();

class MachineViews {
 public:
  // Files lie below <data_dir>/views. `machine`: processors; `proc`: where its files are read.
  explicit MachineViews(const std::string& data_dir,
                        std::uint32_t machine = processors_of_machine(),
                        const std::string& proc = "/proc");

  // Mounts that show this much memory. Files are made when a size is first asked for.
  Result<std::vector<Bind>> of(std::uint64_t memory_bytes);
  std::uint32_t processors(std::uint64_t memory_bytes) const {
    return processors_of(memory_bytes, machine_);
  }

 private:
  Status make(const std::string& directory, std::uint64_t memory_bytes) const;

  std::uint32_t machine_;
  std::string proc_;
  std::string directory_;
  std::mutex mutex_;
  std::set<std::uint64_t> made_;
};

}  // namespace lapwing::sandbox
