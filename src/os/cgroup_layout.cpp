#include "os/cgroup_layout.hpp"

#include "os/file.hpp"

namespace lapwing::os {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return parts;
}

// The directory for position `path` seen through a mount of subtree `root`.
std::string locate(std::string_view mount_point, std::string_view root, std::string_view path) {
  if (root != "/" && path.starts_with(root)) path.remove_prefix(root.size());
  if (path == "/" || path.starts_with("/..")) path = {};
  return std::string(mount_point) + std::string(path);
}

struct CgroupMount {
  std::string_view root;
  std::string_view point;
  bool v2 = false;
  std::vector<std::string_view> options;
};

std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto head = split(line.substr(0, dash), ' ');
    const auto tail = split(line.substr(dash + 3), ' ');
    if (head.size() < 5 || tail.size() < 3) continue;
    if (tail[0] != "cgroup" && tail[0] != "cgroup2") continue;
    mounts.push_back({head[3], head[4], tail[0] == "cgroup2", split(tail[2], ',')});
  }
  return mounts;
}

}  // namespace

CgroupLayout parse_cgroup_layout(std::string_view cgroup, std::string_view mountinfo) {
  CgroupLayout layout;
  const auto mounts = cgroup_mounts(mountinfo);
  for (const std::string_view line : split(cgroup, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    for (const CgroupMount& mount : mounts) {
      if (controllers.empty() && mount.v2) {
        layout.v2 = locate(mount.point, mount.root, path);
        layout.v2_top = mount.point;
      }
      if (mount.v2) continue;
      for (const std::string_view controller : split(controllers, ',')) {
        for (const std::string_view option : mount.options) {
          if (option == controller) {
            layout.v1[std::string(controller)] = locate(mount.point, mount.root, path);
          }
        }
      }
    }
  }
  return layout;
}

Result<CgroupLayout> detect_cgroup_layout() {
  LAPWING_TRY(const std::string cgroup, read_file("/proc/self/cgroup"));
  LAPWING_TRY(const std::string mountinfo, read_file("/proc/self/mountinfo"));
  return parse_cgroup_layout(cgroup, mountinfo);
}

}  // namespace lapwing::os
