#include "sandbox/machine.hpp"

#include <algorithm>
#include <string_view>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"

namespace lapwing::sandbox {
namespace {

constexpr const char* kAppArmorSwitch = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
constexpr const char* kUserNamespacesMax = "/proc/sys/user/max_user_namespaces";

bool file_says(const char* path, char value) {
  const auto text = os::read_file(path);
  return text && !text->empty() && (*text)[0] == value;
}

bool root_is_a_mount() {
  const auto mounts = os::read_file("/proc/self/mountinfo");
  if (!mounts) return true;  // unknown: the remedies of other cases are as good
  std::string_view rest = *mounts;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    // "36 35 98:0 /root/of/fs /mount/point options ...": the fifth field.
    std::string_view line = rest.substr(0, end);
    for (int field = 0; field < 4 && !line.empty(); ++field) {
      line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
    }
    if (line.starts_with("/ ")) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string way_out(const NetworkStatus& network) {
  if (network.available) return network.text;
  return network.text.empty() ? "no way out" : fmt::format("no way out ({})", network.text);
}

}  // namespace

IsolationReport isolation_report(const Housekeeper& housekeeper, bool user_id_ranges,
                                 const NetworkStatus& network) {
  IsolationReport report;
  report.features.push_back(
      {"namespaces", true, "own mount, pid, network, ipc, uts, user and cgroup namespaces", ""});
  report.features.push_back(
      {"privileges", true, "no capabilities, no_new_privs, system call filter", ""});
  report.features.push_back({"read-only root", true, "pivot_root, masked /proc", ""});
  report.features.push_back(
      {"own user ids", user_id_ranges, "65,536 host user ids a sandbox",
       user_id_ranges ? "" : "all sandboxes run as this user. Run as root for a range each"});
  housekeeper.cgroups().report(report);
  const TmpPool& tmp = housekeeper.tmp_pool();
  report.features.push_back(
      {"/tmp beside memory", tmp.images_work(), "ext4 images on loop devices",
       tmp.images_work() ? "" : "/tmp is a tmpfs and counts as function memory: " + tmp.why_not()});
  const bool paced = !tmp.images_work() || housekeeper.cgroups().can_freeze();
  report.features.push_back(
      {"/tmp bandwidth", paced,
       tmp.images_work() ? "pauses by the cgroup freezer" : "none needed: /tmp is memory",
       paced ? "" : "no cgroup freezer: a function that writes to /tmp can make others slow"});
  report.features.push_back({"network", true,
                             "own namespace: loopback and Lapwing's endpoints; " + way_out(network),
                             ""});
  return report;
}

Error no_sandboxes_error(const std::string& cause) {
  std::string remedy = "run as root, or allow user namespaces";
  if (!root_is_a_mount()) {
    remedy =
        "the root directory is no mount point, as after plain chroot, where the kernel allows no "
        "user namespaces. Enter it as a container does, by systemd-nspawn or pivot_root";
  } else if (::geteuid() == 0) {
    remedy =
        "root here may not make namespaces and mounts. In a container, run it privileged, or "
        "with CAP_SYS_ADMIN and a system call filter that allows mounts";
  } else if (file_says(kAppArmorSwitch, '1')) {
    remedy =
        "AppArmor restricts user namespaces on this machine. Install the packaged profile "
        "(packaging/apparmor/lapwing), or run as root";
  } else if (file_says(kUserNamespacesMax, '0')) {
    remedy = "user namespaces are switched off: sysctl user.max_user_namespaces=15000";
  }
  return make_error(ErrorKind::kUnsupported,
                    fmt::format("sandboxes cannot be made here ({}); {}", cause, remedy));
}

}  // namespace lapwing::sandbox
