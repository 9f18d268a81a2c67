// The paths that patterns name, as a tree of steps: each path is a number. A key with dots is as
// many steps, in patterns and in events, so "a.b" and {"a":{"b":...}} are one path.
//
// Built by one thread, then only read, by any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::patterns {

using PathId = std::uint32_t;
inline constexpr PathId kRootPath = 0;
inline constexpr PathId kNoPath = 0xffffffffu;

class Paths {
 public:
  Paths();

  // Makes what is missing.
  PathId intern(std::string_view path);
  // One key down; kNoPath where no pattern goes there.
  PathId descend(PathId from, std::string_view key) const;

  std::uint32_t size() const { return size_; }

 private:
  struct Slot {
    PathId from = kNoPath;
    PathId to = kNoPath;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    std::uint64_t hash = 0;
  };

  static std::uint64_t hash_of(PathId from, std::string_view step);
  PathId child(PathId from, std::string_view step) const;
  PathId make(PathId from, std::string_view step);
  void grow();

  std::vector<Slot> slots_;
  std::string text_;
  std::uint32_t size_ = 1;
};

}  // namespace lapwing::patterns
