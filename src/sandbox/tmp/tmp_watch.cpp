#include "sandbox/tmp/tmp_watch.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <vector>

#include <fmt/core.h>

#include "base/log.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

// Data that programs have written and no disk has yet, of all file systems.
std::uint64_t dirty_bytes() {
  const auto text = os::read_file("/proc/meminfo");
  if (!text) return UINT64_MAX;
  std::uint64_t total_kib = 0;
  for (const std::string_view name : {"\nDirty:", "\nWriteback:"}) {
    std::size_t at = text->find(name);
    if (at == std::string::npos) return UINT64_MAX;
    at = text->find_first_not_of(' ', at + name.size());
    std::uint64_t kib = 0;
    std::from_chars(text->data() + at, text->data() + text->size(), kib);
    total_kib += kib;
  }
  return total_kib * kKiB;
}

}  // namespace

struct TmpWatch::Image {
  Image(TmpWatch& w, int m, const std::string& device)
      : watch(&w),
        mount(m),
        // Blocks that nobody, root included, may take (Documentation/ABI/testing/sysfs-fs-ext4).
        reserved(fmt::format("/sys/fs/ext4/{}/reserved_clusters",
                             device.substr(device.rfind('/') + 1))) {}
  ~Image() {
    const std::lock_guard lock(watch->mutex_);
    watch->images_.erase(this);
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  TmpWatch* watch;
  int mount;
  std::string reserved;
  std::string usually;  // its value before the image was closed; "": it is open
};

TmpWatch::~TmpWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TmpWatch::begin(Logger& logger) {
  logger_ = &logger;
  if (space_ != nullptr) thread_ = std::thread([this] { run(); });
}

void TmpWatch::run() {
  while (true) {
    const Duration pause = look();
    give_back();
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [this] { return stopping_; })) return;
  }
}

// Deleted blocks of an image stay on the disk below: nobody says that they are free until it
// matters, as that costs each deletion a little.
void TmpWatch::give_back() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<os::UniqueFd> roots;
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ || now - given_back_ < kTmpGiveBackEvery) return;
    given_back_ = now;
    for (const Image* image : images_) {
      roots.emplace_back(::openat(image->mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }
  for (const os::UniqueFd& root : roots) {
    // Changes nothing that a program can see; blocks given back before are skipped.
    fstrim_range all{.start = 0, .len = UINT64_MAX, .minlen = 0};
    if (root) (void)::ioctl(root.get(), FITRIM, &all);
  }
}

std::shared_ptr<void> TmpWatch::add(int mount, const std::string& device) {
  if (space_ == nullptr) return nullptr;
  auto image = std::make_shared<Image>(*this, mount, device);
  const std::lock_guard lock(mutex_);
  images_.insert(image.get());
  if (closed_) set_closed(*image, true);
  return image;
}

bool TmpWatch::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void TmpWatch::set_closed(Image& image, bool closed) {
  if (closed == !image.usually.empty()) return;
  if (!closed) {
    (void)os::write_existing(image.reserved, image.usually);
    image.usually.clear();
    return;
  }
  struct statfs found{};
  auto usually = os::read_file(image.reserved);
  if (!usually || ::fstatfs(image.mount, &found) != 0) return;
  if (os::write_existing(image.reserved, fmt::format("{}", found.f_blocks - 1))) {
    image.usually = *std::move(usually);
  }
}

// No image has taken more than it shows as used, and all together no more than is dirty: what of
// it has been written is on the disk.
std::uint64_t TmpWatch::promised() const {
  std::uint64_t used = 0;
  for (const Image* image : images_) {
    struct statfs found{};
    if (::fstatfs(image->mount, &found) != 0) continue;
    used += (found.f_blocks - found.f_bfree) * static_cast<std::uint64_t>(found.f_bsize);
    used += kTmpMetadataBytes;
  }
  return used == 0 ? 0 : std::min(used, dirty_bytes());
}

Duration TmpWatch::look() {
  if (space_ == nullptr) return kTmpLookMax;
  const auto begun = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  space_->set_promised(promised());
  const os::DiskSpace::State now = space_->look();
  const std::uint64_t spare = now.working_spare();
  // Opened only with some room, so that it does not go back and forth.
  const bool close = closed_ ? spare < now.reserve / 8 : spare == 0;
  if (close != closed_) {
    closed_ = close;
    for (Image* image : images_) set_closed(*image, close);
    if (logger_ != nullptr) {
      logger_->warn("sandbox",
                    close ? "the disk is full: functions can write no more to /tmp"
                          : "functions can write to /tmp again",
                    {{"free_mib", now.free / kMiB}, {"reserve_mib", now.reserve / kMiB}});
    }
  }
  const Duration took = std::chrono::steady_clock::now() - begun;
  if (closed_) return std::max<Duration>(kTmpClosedLook, 20 * took);
  const Duration until_full{static_cast<std::int64_t>(spare / (kTmpFillBytesMax / 1'000'000'000))};
  return std::clamp<Duration>(until_full / 4, std::max<Duration>(kTmpLookMin, 20 * took),
                              kTmpLookMax);
}

}  // namespace lapwing::sandbox
