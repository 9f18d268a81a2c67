#include "sandbox/tmp/tmp_pool.hpp"

#include <algorithm>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "os/loop_device.hpp"
#include "os/mount.hpp"
#include "os/process.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

// Sizes kept ready at once; a size nobody asked for lately makes room.
constexpr std::size_t kSizesMax = 8;
constexpr const char* kFormatters[] = {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"};

// ext4's own request to stop at once, dropping what is not written (uapi/linux/ext4.h is
// newer than the oldest headers we build with).
constexpr unsigned long kExt4Shutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kDropDirtyBlocks = 2;

Status run_formatter(const char* program, const std::string& image) {
  // No journal: an image never outlives a crash. No room to grow, which would be copied each
  // time. Whole pages as blocks.
  const char* const argv[] = {program,
                              "-q",
                              "-F",
                              "-m",
                              "0",
                              "-b",
                              "4096",
                              "-i",
                              "16384",
                              "-O",
                              "^has_journal,^resize_inode",
                              "-E",
                              "lazy_itable_init=1,nodiscard,root_owner=0:0",
                              image.c_str(),
                              nullptr};
  // vfork: the server has threads, and the child only executes.
  const pid_t pid = ::vfork();
  if (pid < 0) return fail(errno_error("fork"));
  if (pid == 0) {
    ::execv(program, const_cast<char* const*>(argv));  // execv does not write to them
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return fail(internal_error(fmt::format("{}: status {}", program, status)));
  return {};
}

// Copies the used parts; what was never written stays a hole.
Status copy_sparse(int from, int to, std::uint64_t size) {
  if (::ftruncate(to, static_cast<off_t>(size)) != 0) return fail(errno_error("size image"));
  if (::ioctl(to, FICLONE, from) == 0) return {};
  off_t at = 0;
  for (;;) {
    off_t data = ::lseek(from, at, SEEK_DATA);
    if (data < 0) return errno == ENXIO ? Status() : fail(errno_error("seek data"));
    const off_t end = ::lseek(from, data, SEEK_HOLE);
    if (end < 0) return fail(errno_error("seek hole"));
    at = end;
    while (data < end) {
      off_t into = data;
      const ssize_t moved =
          ::copy_file_range(from, &data, to, &into, static_cast<std::size_t>(end - data), 0);
      if (moved <= 0) return fail(errno_error("copy image"));
    }
  }
}

Result<TmpMount> mount_image(int image, TmpWatch& watch) {
  LAPWING_TRY(const os::LoopDevice device, os::attach_loop(image));
  TmpMount tmp;
  LAPWING_TRY(tmp.mount, os::make_filesystem("ext4", {{"source", device.path}},
                                             os::kMountNoSuid | os::kMountNoDev));
  // Root's inside; the first process gives it to its programs' user.
  if (::fchownat(tmp.mount.get(), ".", kRootUid, kRootUid, 0) != 0) {
    return fail(errno_error("chown /tmp"));
  }
  // ext4's own; a function's /tmp starts empty.
  (void)::unlinkat(tmp.mount.get(), "lost+found", AT_REMOVEDIR);
  tmp.watched = watch.add(tmp.mount.get(), device.path);
  return tmp;
}

}  // namespace

TmpPool::TmpPool(Options options) : options_(std::move(options)), watch_(options_.space) {
  if (!options_.images) {
    why_not_ = "switched off";
    return;
  }
  auto trial = make(kTmpBytesMin);
  if (!trial) why_not_ = trial.error().detail();
}

Result<std::string> TmpPool::ensure_template(std::uint64_t bytes) {
  const std::string path = fmt::format("{}/ext4-{}m.img", options_.directory, bytes / kMiB);
  if (os::exists(path)) return path;
  LAPWING_CHECK(os::make_directories(options_.directory, 0700));
  const std::string fresh = fmt::format("{}.new.{}", path, ::gettid());
  {
    LAPWING_TRY(const os::UniqueFd file,
                os::open_at(os::kCwd, fresh, O_RDWR | O_CREAT | O_TRUNC, 0600));
    if (::ftruncate(file.get(), static_cast<off_t>(bytes / kMiB * kMiB)) != 0) {
      return fail(errno_error("size template"));
    }
  }
  Status formatted = fail(internal_error("mkfs.ext4 is not installed (package e2fsprogs)"));
  for (const char* program : kFormatters) {
    if (!os::exists(program)) continue;
    formatted = run_formatter(program, fresh);
    break;
  }
  if (formatted && ::rename(fresh.c_str(), path.c_str()) != 0) {
    formatted = fail(errno_error("rename template"));
  }
  if (!formatted) {
    ::unlink(fresh.c_str());
    return fail(std::move(formatted).error());
  }
  return path;
}

Result<TmpMount> TmpPool::make(std::uint64_t bytes) {
  LAPWING_TRY(const std::string path, ensure_template(bytes));
  LAPWING_TRY(const os::UniqueFd source, os::open_at(os::kCwd, path, O_RDONLY));
  LAPWING_TRY(const os::UniqueFd image,
              os::open_at(os::kCwd, options_.directory, O_RDWR | O_TMPFILE, 0600));
  LAPWING_CHECK(copy_sparse(source.get(), image.get(), bytes / kMiB * kMiB));
  return mount_image(image.get(), watch_);
}

TmpMount TmpPool::take_ready(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  if (!images_work()) return {};
  if (!ready_.contains(bytes) && ready_.size() >= kSizesMax) ready_.erase(ready_.begin());
  std::vector<TmpMount>& ready = ready_[bytes];
  if (ready.empty()) return {};
  TmpMount tmp = std::move(ready.back());
  ready.pop_back();
  return tmp;
}

std::uint64_t TmpPool::lacking() const {
  for (const auto& [bytes, ready] : ready_) {
    if (ready.size() < options_.ready) return bytes;
  }
  return 0;
}

void TmpPool::refill() {
  std::unique_lock lock(mutex_);
  if (std::exchange(refilling_, true)) return;
  while (const std::uint64_t bytes = lacking()) {
    lock.unlock();
    auto tmp = make(bytes);
    lock.lock();
    // The next launch that needs one meets the error and reports it.
    if (!tmp) break;
    ready_[bytes].push_back(*std::move(tmp));
  }
  refilling_ = false;
}

void TmpPool::discard(TmpMount tmp) {
  if (!tmp.mount) return;
  tmp.watched.reset();
  const os::UniqueFd root(::openat(tmp.mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::uint32_t how = kDropDirtyBlocks;
  if (root) (void)::ioctl(root.get(), kExt4Shutdown, &how);
}

}  // namespace lapwing::sandbox
