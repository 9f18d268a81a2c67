#include "os/loop_device.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/file.hpp"

namespace lapwing::os {
namespace {

// Another process may take the free device between asking and configuring.
constexpr int kAttempts = 64;
constexpr unsigned kLoopMajor = 7;

}  // namespace

Result<LoopDevice> attach_loop(int file) {
  LAPWING_TRY(const UniqueFd control, open_at(kCwd, "/dev/loop-control", O_RDWR));
  loop_config config{};
  config.fd = static_cast<unsigned>(file);
  config.block_size = 4096;
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return fail(errno_error("find a free loop device"));
    LoopDevice device;
    device.path = "/dev/loop" + std::to_string(number);
    // Where nothing watches for new devices their node must be made by hand.
    const dev_t id = makedev(kLoopMajor, static_cast<unsigned>(number));
    if (!exists(device.path)) (void)::mknod(device.path.c_str(), S_IFBLK | 0600, id);
    LAPWING_TRY(device.fd, open_at(kCwd, device.path, O_RDWR));
    if (::ioctl(device.fd.get(), LOOP_CONFIGURE, &config) == 0) return device;
    if (errno != EBUSY) return fail(errno_error("configure " + device.path));
  }
  return fail(make_error(ErrorKind::kUnavailable, "no free loop device"));
}

}  // namespace lapwing::os
