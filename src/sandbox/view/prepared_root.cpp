#include "sandbox/view/prepared_root.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/privileges.hpp"
#include "os/process.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kSealed = os::kMountReadOnly | os::kMountNoSuid | os::kMountNoDev;

// Bound from the host: /dev holds these and nothing else.
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom"};
constexpr std::pair<const char*, const char*> kDeviceLinks[] = {{"fd", "/proc/self/fd"},
                                                                {"stdin", "/proc/self/fd/0"},
                                                                {"stdout", "/proc/self/fd/1"},
                                                                {"stderr", "/proc/self/fd/2"}};

Status mount_devices(const std::string& root) {
  LAPWING_TRY(const os::UniqueFd dev,
              os::make_filesystem("tmpfs", {{"mode", "0755"}, {"size", "64k"}},
                                  os::kMountNoSuid | os::kMountNoExec));
  LAPWING_CHECK(os::attach_mount(dev.get(), os::kCwd, root + "/dev"));
  for (const char* name : kDevices) {
    const std::string host = std::string("/dev/") + name;
    const std::string inside = root + host;
    LAPWING_CHECK(os::open_at(os::kCwd, inside, O_WRONLY | O_CREAT, 0444));
    LAPWING_TRY(const os::UniqueFd device, os::clone_mount(os::kCwd, host, false));
    LAPWING_CHECK(os::set_mount_flags(
        device.get(), os::kMountReadOnly | os::kMountNoSuid | os::kMountNoExec, false));
    LAPWING_CHECK(os::attach_mount(device.get(), os::kCwd, inside));
  }
  for (const auto& [name, target] : kDeviceLinks) {
    if (::symlink(target, (root + "/dev/" + name).c_str()) != 0) {
      return fail(errno_error(std::string("link /dev/") + name));
    }
  }
  // No /dev/shm, as on AWS: libraries that find none share memory in other ways.
  return os::set_mount_flags(dev.get(), kSealed | os::kMountNoExec, false);
}

// The kernel lets a user namespace mount its own /proc only where one is in sight already;
// the sandbox covers this one with its own.
Status mount_proc(const std::string& root) {
  auto proc =
      os::make_filesystem("proc", {}, os::kMountNoSuid | os::kMountNoDev | os::kMountNoExec);
  if (!proc) proc = os::clone_mount(os::kCwd, "/proc", true);
  if (!proc) return fail(std::move(proc).error());
  return os::attach_mount(proc->get(), os::kCwd, root + "/proc");
}

Status build(const RootPlan& plan, int root_id) {
  const std::string& root = plan.base_dir;
  LAPWING_TRY(const os::UniqueFd base, clone_read_only(root, root_id));
  LAPWING_CHECK(os::attach_mount(base.get(), os::kCwd, root));
  for (const Bind& bind : plan.binds) {
    LAPWING_TRY(const os::UniqueFd mount, clone_read_only(bind.source, root_id));
    LAPWING_CHECK(os::attach_mount(mount.get(), os::kCwd, root + bind.destination));
  }
  LAPWING_CHECK(mount_devices(root));
  LAPWING_CHECK(mount_proc(root));
  return os::pivot_into(root);
}

}  // namespace

Result<os::UniqueFd> make_root_id() {
  LAPWING_TRY(const os::UniqueFd proc, os::open_at(os::kCwd, "/proc", O_PATH | O_DIRECTORY));
  LAPWING_TRY(os::CloneResult holder, os::clone_process(CLONE_NEWUSER));
  if (holder.pid == 0) {
    for (;;) ::pause();
  }
  const std::string map = fmt::format("0 {} 1", kRootUid);
  Status mapped = os::write_id_maps(proc.get(), holder.pid, map, map, false);
  Result<os::UniqueFd> ns = fail(internal_error("no id map"));
  if (mapped) {
    ns = os::open_at(proc.get(), std::to_string(holder.pid) + "/ns/user", O_RDONLY);
  }
  (void)os::signal_pidfd(holder.pidfd.get(), SIGKILL);
  while (::waitpid(holder.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!mapped) return fail(std::move(mapped).error());
  return ns;
}

Result<os::UniqueFd> clone_read_only(const std::string& source, int root_id) {
  LAPWING_TRY(os::UniqueFd mount, os::clone_mount(os::kCwd, source, true));
  if (root_id >= 0 && os::set_mount_flags_and_owners(mount.get(), kSealed, true, root_id)) {
    return mount;
  }
  LAPWING_CHECK(os::set_mount_flags(mount.get(), kSealed, true));
  return mount;
}

Status enter_mount_namespace(int ns_fd) {
  if (::setns(ns_fd, CLONE_NEWNS) != 0) return fail(errno_error("enter mount namespace"));
  return {};
}

Result<os::UniqueFd> prepare_root(const RootPlan& plan, int home_ns, int proc_fd, int root_id) {
  if (::unshare(CLONE_NEWNS) != 0) return fail(errno_error("unshare mount namespace"));
  Status built = build(plan, root_id);
  Result<os::UniqueFd> ns = fail(internal_error("root not built"));
  if (built) ns = os::open_at(proc_fd, "self/ns/mnt", O_RDONLY);
  LAPWING_CHECK(enter_mount_namespace(home_ns));
  if (!built) return fail(std::move(built).error().context("prepare root"));
  return ns;
}

}  // namespace lapwing::sandbox
