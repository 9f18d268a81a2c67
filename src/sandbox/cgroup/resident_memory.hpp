// What a process holds in memory, wherever it is counted. A template's children share its
// pages, and all processes share those of libraries: no control group of theirs counts them.
// Source: proc(5), /proc/pid/statm.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace lapwing::sandbox {

struct ResidentMemory {
  std::uint64_t own_bytes = 0;     // anonymous, even if shared with whom it was forked from
  std::uint64_t mapped_bytes = 0;  // files and shared memory

  std::uint64_t all_bytes() const { return own_bytes + mapped_bytes; }
};

// Nothing when there is no such process. One file is read; nothing is walked.
std::optional<ResidentMemory> resident_memory(int pid);

}  // namespace lapwing::sandbox
