// One source of what is due for all schedules: the next one is found in the store by an index, so
// that schedules which wait cost nothing, and a start reads one record.
//
// An occurrence is one transaction: the schedule moves on to its next one (or ends), and the
// invocation is in the outbox. So a crash neither loses nor doubles one.
//
// What was missed (the server was down): at() runs late, its age counted from when it was due; of
// cron() and rate() what is more than kLateMax late, and behind its window, is left out.
//
// While the disk has nothing but its reserve, what is due waits.
//
// A schedule whose time zone this machine has lost waits for it, kZoneAgain at a time.
//
// Thread-safety: as DueSource; fired() from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "delivery/outbox.hpp"
#include "journal/journal.hpp"
#include "os/disk_space.hpp"
#include "schedule/zones.hpp"
#include "store/engine.hpp"

namespace lapwing::scheduler {

class Clockwork final : public DueSource {
 public:
  // All outlive it; `journal` and `disk` may be null.
  Clockwork(const Clock& clock, Random& random, Logger& logger, store::Space& space,
            schedule::Zones& zones, delivery::Outbox& outbox, journal::Journal* journal,
            const os::DiskSpace* disk)
      : clock_(clock),
        random_(random),
        logger_(logger),
        space_(space),
        zones_(zones),
        outbox_(outbox),
        journal_(journal),
        disk_(disk) {}

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

  // Occurrences since the start.
  std::uint64_t fired() const { return fired_.load(std::memory_order_relaxed); }

 private:
  const Clock& clock_;
  Random& random_;
  Logger& logger_;
  store::Space& space_;
  schedule::Zones& zones_;
  delivery::Outbox& outbox_;
  journal::Journal* const journal_;
  const os::DiskSpace* const disk_;
  std::atomic<std::uint64_t> fired_{0};
};

}  // namespace lapwing::scheduler
