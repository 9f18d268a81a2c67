#include "sandbox/tmp/tmp_pace.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <utility>

#include <fmt/core.h>

#include "base/log.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

// What the file system gives places to at a time, and some.
constexpr std::uint64_t kUsedWobbleBytes = 16 * kMiB;

// What a block device has done since it was made (Documentation/admin-guide/iostats.rst), in bytes.
std::uint64_t taken_by_device(const std::string& path) {
  constexpr std::uint64_t kSectorBytes = 512;
  enum { kReads = 0, kReadSectors = 2, kWrites = 4, kWrittenSectors = 6, kFlushes = 15, kFields };
  const auto text = os::read_file(path);
  if (!text) return 0;
  std::array<std::uint64_t, kFields> fields{};  // old kernels have no flushes
  const char* at = text->data();
  const char* const end = at + text->size();
  for (std::uint64_t& field : fields) {
    while (at < end && *at == ' ') ++at;
    at = std::from_chars(at, end, field).ptr;
  }
  return (fields[kReadSectors] + fields[kWrittenSectors]) * kSectorBytes +
         (fields[kReads] + fields[kWrites]) * kTmpRequestBytes + fields[kFlushes] * kTmpFlushBytes;
}

// Of this thread: what a look takes does not depend on who else has the processors.
Duration processor_time() {
  timespec used{};
  (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + Duration(used.tv_nsec);
}

}  // namespace

TmpPace::Member::Member(TmpPace& pace, std::string id, int mount)
    : pace_(&pace), id_(std::move(id)), mount_(mount) {
  struct stat found{};
  if (::fstat(mount, &found) != 0) return;
  device_stat_ = fmt::format("/sys/dev/block/{}:{}/stat", major(found.st_dev), minor(found.st_dev));
}

Status TmpPace::Member::set_frozen(bool frozen, const CgroupTree::Files* files) const {
  const CgroupTree& cgroups = *pace_->cgroups_;
  return files != nullptr && files->freezer ? cgroups.set_frozen(*files, frozen)
                                            : cgroups.set_frozen(id_, frozen);
}

Status TmpPace::Member::rest(bool resting, const CgroupTree::Files& files) {
  Status done;
  {
    const std::lock_guard lock(mutex_);
    if (!paused_) done = set_frozen(resting, &files);
    if (!done) return done;
    resting_ = resting;
  }
  if (!resting && pace_->asleep_) pace_->wake();
  return done;
}

void TmpPace::Member::leave() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(left_, true)) return;
  if (std::exchange(paused_, false) && !resting_) (void)set_frozen(false, nullptr);
}

void TmpPace::Member::come_back() {
  {
    const std::lock_guard lock(mutex_);
    left_ = false;
  }
  if (pace_->asleep_) pace_->wake();
}

std::uint64_t TmpPace::Member::taken_since_last() {
  struct statfs found{};
  if (::fstatfs(mount_, &found) != 0) return 0;
  // Also those that wait to be written.
  const std::uint64_t used =
      (found.f_blocks - found.f_bfree) * static_cast<std::uint64_t>(found.f_bsize);
  const std::uint64_t device = taken_by_device(device_stat_);
  const std::uint64_t grown = used - std::min(used, used_);
  const std::uint64_t moved = device - std::min(device, device_);
  // While blocks that waited get their places, they may be seen twice for a moment: what goes up
  // and down by so little is not counted again.
  if (used > used_ || used + kUsedWobbleBytes < used_) used_ = used;
  device_ = device;
  if (!std::exchange(known_, true)) return 0;
  const std::uint64_t counted_before = std::min(moved, unwritten_ + grown);
  // What was deleted meanwhile is not written any more.
  unwritten_ = std::min(unwritten_ + grown - counted_before, used);
  return grown + moved - counted_before;
}

TmpPace::~TmpPace() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TmpPace::begin(Logger& logger) {
  logger_ = &logger;
  if (works()) thread_ = std::thread([this] { run(); });
}

void TmpPace::wake() {
  // Under the lock, so that it is not missed by a thread about to wait.
  const std::lock_guard lock(mutex_);
  asleep_ = false;
  wake_.notify_all();
}

void TmpPace::run() {
  while (true) {
    asleep_ = true;  // before the look: who comes back after it is seen has to wake
    const Duration pause = look(SystemClock().mono());
    std::unique_lock lock(mutex_);
    if (pause == Duration(0)) {
      wake_.wait(lock, [this] { return stopping_ || !asleep_; });
    } else {
      asleep_ = false;
      wake_.wait_for(lock, pause, [this] { return stopping_; });
    }
    if (stopping_) return;
  }
}

std::shared_ptr<TmpPace::Member> TmpPace::add(const std::string& id, int mount) {
  if (!works()) return nullptr;
  const std::shared_ptr<Member> member(new Member(*this, id, mount));
  {
    const std::lock_guard lock(mutex_);
    members_.push_back(member);
  }
  if (asleep_) wake();
  return member;
}

TmpPace::Members TmpPace::members() {
  Members present;
  const std::lock_guard lock(mutex_);
  std::erase_if(members_, [&](const std::weak_ptr<Member>& one) {
    std::shared_ptr<Member> member = one.lock();
    if (member == nullptr) return true;
    present.push_back(std::move(member));
    return false;
  });
  return present;
}

void TmpPace::count(Member& member, MonoTime now) {
  if (member.left_) return;
  // What others have written for one that rests is late, not much.
  if (member.resting_ && now - member.seen_ < kTmpRestingLook) return;
  const Duration since = now - std::exchange(member.seen_, now);
  const std::uint64_t taken = member.taken_since_last();
  const double seconds = std::chrono::duration<double>(since).count();
  member.lately_ = member.lately_ * std::exp2(-seconds) + static_cast<double>(taken);
  if (taken == 0) return;
  taken_ += taken;
  member.debt_.take(taken, rates_.each, now);
  const double paid = static_cast<double>(rates_.all) * seconds;
  const bool late = since > 2 * kTmpRestingLook;
  all_.take(late ? taken - std::min(taken, static_cast<std::uint64_t>(paid)) : taken, rates_.all,
            now);
}

bool TmpPace::judge(Member& member, const Others& others, MonoTime now) {
  if (member.left_) return false;
  if (member.paused_ && now >= member.paused_until_) {
    member.paused_ = false;
    if (!member.resting_) (void)member.set_frozen(false, nullptr);
    soonest_ = kTmpPaceLookMin;
    return !member.resting_;
  }
  if (!member.paused_ && !member.resting_) {
    Duration wait = member.debt_.wait(rates_.burst, rates_.each, now);
    if (member.lately_ > others.much) {
      wait = std::max(wait, all_.wait(others.burst, rates_.all, now));
    }
    if (wait >= kTmpPauseMin && member.set_frozen(true, nullptr)) {
      member.paused_ = true;
      member.paused_until_ = now + wait;
      note_pause(member, wait);
    }
  }
  if (member.paused_) soonest_ = std::min(soonest_, member.paused_until_ - now);
  return member.paused_ || !member.resting_;
}

void TmpPace::note_pause(const Member& member, Duration pause) {
  const auto pause_ms = std::chrono::duration_cast<std::chrono::milliseconds>(pause).count();
  ++pauses_.count;
  pauses_.total_ms += static_cast<std::uint64_t>(pause_ms);
  if (logger_ == nullptr) return;
  const MonoTime now = member.seen_;
  if (said_ != MonoTime{} && now - said_ < kTmpSayEvery) return;
  said_ = now;
  logger_->warn("sandbox",
                "a function uses /tmp faster than sandbox.tmp_mib_per_second or "
                "sandbox.tmp_all_mib_per_second: it is paused now and then",
                {{"sandbox", member.id_}, {"ms", pause_ms}});
}

Duration TmpPace::look(MonoTime now) {
  const Duration begun = processor_time();
  const Members present = members();
  taken_ = 0;
  for (const auto& member : present) {
    const std::lock_guard lock(member->mutex_);
    count(*member, now);
  }
  // While the rate of all is exceeded, a sandbox that takes far less than its share is left alone.
  const auto takers = [&](std::uint64_t bytes) {
    return std::count_if(present.begin(), present.end(), [bytes](const auto& member) {
      return member->lately_ > static_cast<double>(bytes);
    });
  };
  const Others others{
      static_cast<double>(rates_.all) /
          static_cast<double>(kTmpLittlePart * (takers(kTmpLittleBytes) + 1)),
      takers(kTmpCrowdBytes) > 1 ? rates_.burst / kTmpCrowdedBurstPart : rates_.burst};
  pause_ = taken_ != 0 ? Duration(kTmpPaceLook) : std::min<Duration>(2 * pause_, kTmpPaceLookMax);
  soonest_ = pause_;
  bool busy = false;
  for (const auto& member : present) {
    const std::lock_guard lock(member->mutex_);
    busy |= judge(*member, others, now);
  }
  if (!busy) return Duration(0);
  // A hundredth of a processor is enough, unless there are very many.
  const auto modest = std::min<Duration>(100 * (processor_time() - begun), kTmpRestingLook);
  return std::max<Duration>({soonest_, kTmpPaceLookMin, modest});
}

}  // namespace lapwing::sandbox
