// What the operations work on.
#pragma once

#include "aws/call.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "os/disk_space.hpp"
#include "services/sqs/address.hpp"
#include "services/sqs/attempts.hpp"
#include "services/sqs/catalog.hpp"
#include "services/sqs/mover.hpp"
#include "services/sqs/polls.hpp"
#include "services/sqs/retention.hpp"
#include "services/sqs/room.hpp"
#include "services/sqs/settings.hpp"
#include "services/sqs/telling.hpp"
#include "store/engine.hpp"

namespace lapwing::sqs {

// Made when the service starts: operations come only afterwards.
struct Parts {
  Parts(const Clock& clock, Random& random, store::Space& space, const os::DiskSpace* disk,
        const Settings& settings, journal::Journal* journal)
      : room(space, disk, settings.bytes_max(disk)),
        catalog(space.store()),
        polls(clock, space.queue()),
        retention(clock, catalog, space.queue()),
        telling(space, journal),
        mover(clock, random, catalog, retention, space, telling),
        attempts(clock) {}

  Room room;
  Catalog catalog;
  Polls polls;
  Retention retention;
  Telling telling;
  Mover mover;
  Attempts attempts;
};

struct Core {
  const Clock* clock = nullptr;
  Random* random = nullptr;
  Settings settings;
  store::Space* space = nullptr;
  std::unique_ptr<Parts> parts;

  Catalog& catalog() { return parts->catalog; }
  store::Store& store() { return space->store(); }
  store::Queue& messages() { return space->queue(); }
  std::int64_t now_ms() const { return unix_ms(clock->wall()); }

  Result<QueuePtr> queue_at(const aws::Call& call, std::string_view url) {
    LAPWING_TRY(const Address address, parse_url(call, url));
    LAPWING_CHECK(check_account(call, address));
    return catalog().get(address);
  }

  // Before messages are taken on.
  Status check_room(const Queue& queue, std::size_t bytes) {
    return parts->room.check(queue.scope.account.view(), bytes);
  }
};

}  // namespace lapwing::sqs
