#include "os/disk_space.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <fmt/core.h>

namespace lapwing::os {
namespace {

constexpr const char* kDiskFullCode = "DiskFull";

}  // namespace

DiskSpace::State DiskSpace::look() const {
  State out;
  out.reserve = reserve_bytes_;
  out.promised = promised_;
  struct statvfs found{};
  if (::statvfs(directory_.c_str(), &found) != 0) {
    out.total = out.free = UINT64_MAX / 2;
    return out;
  }
  out.total = std::uint64_t{found.f_blocks} * found.f_frsize;
  out.free = std::uint64_t{found.f_bavail} * found.f_frsize;
  if (out.reserve == 0) {
    out.reserve = std::clamp(out.total / kDiskReserveShare, kDiskReserveMin, kDiskReserveMax);
  }
  return out;
}

Status DiskSpace::check(std::uint64_t bytes) const {
  const State now = look();
  if (now.spare() >= bytes && now.spare() > 0) return {};
  return fail(disk_full_error(
      fmt::format("The disk is full: {} MiB are free below {}, of which {} MiB are kept in reserve "
                  "(disk.reserve_mb), and {} MiB are needed.",
                  now.free >> 20, directory_, now.reserve >> 20, (bytes >> 20) + 1)));
}

Error disk_full_error(std::string message) {
  return Error(ErrorKind::kUnavailable, kDiskFullCode, std::move(message));
}

bool is_disk_full(const Error& error) { return error.code() == kDiskFullCode; }

bool ReserveFile::hold() {
  const std::lock_guard lock(mutex_);
  if (held_) return true;
  if (!file_) file_ = UniqueFd(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  // Not posix_fallocate(3), which writes where the file system cannot allocate.
  if (!file_ || ::fallocate(file_.get(), 0, 0, static_cast<off_t>(bytes_)) != 0) {
    // A part of it would not help, and is missed elsewhere.
    if (file_) (void)::ftruncate(file_.get(), 0);
    return false;
  }
  held_ = true;
  return true;
}

bool ReserveFile::release() {
  const std::lock_guard lock(mutex_);
  if (!held_) return false;
  held_ = false;
  return ::ftruncate(file_.get(), 0) == 0;
}

}  // namespace lapwing::os
