// /tmp file systems: ext4 images on loop devices, made ahead.
//
// An image file has no name (O_TMPFILE) and its loop device clears itself, so nothing is
// left when the last user goes, however it goes. Images of a size come from one formatted
// template under <directory>, of which only the used blocks are copied.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/tmp/tmp_watch.hpp"

namespace lapwing::sandbox {

struct TmpMount {
  os::UniqueFd mount;             // unattached mount; not valid: use a tmpfs
  std::shared_ptr<void> watched;  // goes before the mount does
};

class TmpPool {
 public:
  struct Options {
    std::string directory;  // DATA/tmp-images
    std::uint32_t ready = 4;
    bool images = true;
    std::shared_ptr<os::DiskSpace> space;  // null: images promise what may not be there
  };
  explicit TmpPool(Options options);

  // Whether images work on this machine; tried once, at construction.
  bool images_work() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }

  // From here on a thread keeps their promises.
  void begin_watch(Logger& logger) { watch_.begin(logger); }
  TmpWatch& watch() { return watch_; }

  // A ready one of this size, or nothing.
  TmpMount take_ready(std::uint64_t bytes);
  Result<TmpMount> make(std::uint64_t bytes);
  // Makes ready ones for the sizes taken lately, up to Options::ready each. A second call
  // while one is at work does nothing.
  void refill();
  // Drops a used one without writing its dirty blocks out first.
  static void discard(TmpMount tmp);

 private:
  // The size that lacks a ready one, or 0.
  std::uint64_t lacking() const;
  Result<std::string> ensure_template(std::uint64_t bytes);

  Options options_;
  TmpWatch watch_;  // before the images
  std::string why_not_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::vector<TmpMount>> ready_;  // guarded by mutex_
  bool refilling_ = false;                                // guarded by mutex_
};

}  // namespace lapwing::sandbox
