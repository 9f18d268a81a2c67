#include "server/machine_defaults.hpp"

#include <algorithm>
#include <thread>
#include <unistd.h>

#include "base/bytes.hpp"
#include "os/disk_space.hpp"
#include "os/file.hpp"

namespace lapwing::server {
namespace {

std::string nearest_directory(std::string path) {
  while (!os::is_directory(path)) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    path.resize(std::max<std::size_t>(slash, 1));
  }
  return path;
}

}  // namespace

MachineSizes machine_sizes(const std::string& data_dir) {
  MachineSizes out;
  out.memory_mb = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / kMiB;
  out.processors = std::max(1u, std::thread::hardware_concurrency());
  const os::DiskSpace disk(nearest_directory(data_dir));
  out.disk_mb = disk.look().total / kMiB;
  return out;
}

}  // namespace lapwing::server
