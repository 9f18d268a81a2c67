// What a file system has left, less what must stay free: the reserve, out of which what frees
// space is paid for, and what others have been promised and have not written yet.
//
// Asked before something large is written (log events, packages, images, snapshots): each look is
// one statvfs(2), so the answer is never an old one. Others who write between the look and its own
// writing may take from the reserve; it is large enough for that.
//
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// The reserve where none is said: a share of the file system, within these bounds.
inline constexpr std::uint64_t kDiskReserveShare = 25;
inline constexpr std::uint64_t kDiskReserveMin = 128ull << 20;
inline constexpr std::uint64_t kDiskReserveMax = 2048ull << 20;

class DiskSpace {
 public:
  // `directory` exists when the first question comes. `reserve_bytes` 0: the default.
  explicit DiskSpace(std::string directory, std::uint64_t reserve_bytes = 0)
      : directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {}

  struct State {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    std::uint64_t promised = 0;
    std::uint64_t reserve = 0;
    // For what is stored in bulk.
    std::uint64_t spare() const { return beside(reserve); }
    // For what programs at work write (/tmp), which may take half of the reserve: so what is stored
    // can never leave them nothing.
    std::uint64_t working_spare() const { return beside(reserve / 2); }

   private:
    std::uint64_t beside(std::uint64_t kept) const {
      return free > promised + kept ? free - promised - kept : 0;
    }
  };
  // A file system that cannot be asked counts as having room: writing to it says what is wrong.
  State look() const;
  std::uint64_t spare_bytes() const { return look().spare(); }
  // disk_full_error() where `bytes` more would take from the reserve.
  Status check(std::uint64_t bytes) const;
  // What is promised from now on.
  void set_promised(std::uint64_t bytes) { promised_ = bytes; }

 private:
  std::string directory_;
  std::uint64_t reserve_bytes_;
  std::atomic<std::uint64_t> promised_{0};
};

// kUnavailable, and told from others of that kind by is_disk_full().
Error disk_full_error(std::string message);
bool is_disk_full(const Error& error);

// A file that holds disk space for the moment when there is none: released, it lets what frees
// space (a deletion's own records) be written.
class ReserveFile {
 public:
  ReserveFile(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  // Takes the space if it is not held; false when it cannot be had.
  bool hold();
  // Gives the space to the next who writes; false when none was held.
  bool release();
  bool held() const { return held_; }

 private:
  std::string path_;
  std::uint64_t bytes_;
  std::mutex mutex_;
  UniqueFd file_;  // guarded by mutex_
  std::atomic<bool> held_{false};
};

}  // namespace lapwing::os
