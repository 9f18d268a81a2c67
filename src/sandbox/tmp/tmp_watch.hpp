// Keeps what /tmp images promise true. An image is a sparse file: its file system takes writes as
// long as it has free blocks itself, and what then cannot be written to the disk below is lost
// without a word. Space for every image whole is not there (512 MB for each of a thousand
// environments), and hardly ever used. So a thread watches how much has been taken and not written
// yet, and how much the disk has; before more than half of the disk's reserve
// (os/disk_space.hpp) would be taken, all images are closed to new blocks: their free blocks are
// declared reserved, so that writing answers ENOSPC. What was taken before still finds its place.
// They are opened again once there is room; what programs have deleted is given back to the disk
// for that (FITRIM).
//
// How often it looks depends on how much is left: what can be written meanwhile (kFillBytesMax a
// second) is a part of that, and the reserve is there for the rest.
//
// Thread-safety: any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "os/disk_space.hpp"

namespace lapwing {
class Logger;
}

namespace lapwing::sandbox {

class TmpWatch {
 public:
  // `space` may be null: then nothing is watched.
  explicit TmpWatch(std::shared_ptr<os::DiskSpace> space) : space_(std::move(space)) {}
  ~TmpWatch();

  // Starts the thread.
  void begin(Logger& logger);

  // Watches the image that is mounted as `mount` from `device` ("/dev/loop3") as long as the
  // answer lives; `mount` must stay open as long.
  std::shared_ptr<void> add(int mount, const std::string& device);

  // One look: closes or opens the images; answers when to look again.
  Duration look();
  bool closed() const;

 private:
  struct Image;

  void run();
  void give_back();
  std::uint64_t promised() const;  // mutex_ is held
  void set_closed(Image& image, bool closed);

  std::shared_ptr<os::DiskSpace> space_;
  Logger* logger_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::set<Image*> images_;  // guarded by mutex_, as what follows
  bool closed_ = false;
  std::chrono::steady_clock::time_point given_back_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lapwing::sandbox
