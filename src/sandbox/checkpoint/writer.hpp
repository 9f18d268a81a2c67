// The writing half of a checkpoint, and what both halves of the library use: no C++ runtime, no
// allocation, one process that looks at itself. Whatever goes wrong ends the process; refuse()
// says why first.
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sandbox/checkpoint/image.hpp"

namespace lapwing::sandbox {

// Memory for the tables under construction, at kTablesBase, where the reader will have its own.
void make_tables();
// The image of this process as it is; `context` says where it goes on. Ends the process: 0 when
// all is written.
[[noreturn]] void write_image(const Context& context);

void send(const CheckpointReport& report);
[[noreturn]] void refuse(const char* why, const char* what = "");
// With what errno says.
[[noreturn]] void refuse_errno(const char* why);

std::uint64_t fs_base();
bool starts_with(const char* text, const char* with);
std::uint64_t number(char*& at, int base);

// A file of /proc, line by line. One at a time: they share a buffer in the tables.
class Lines {
 public:
  explicit Lines(const char* path);
  ~Lines();
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  // The next line without its end; null at the end.
  char* next();

 private:
  int fd_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lapwing::sandbox
