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
#include "services/sqs/options.hpp"
#include "services/sqs/polls.hpp"
#include "services/sqs/retention.hpp"
#include "store/engine.hpp"

namespace lapwing::sqs {

// Made when the service starts: operations come only afterwards.
struct Parts {
  Parts(const Clock& clock, Random& random, store::Space& space)
      : catalog(space.store()),
        polls(clock, space.queue()),
        retention(clock, catalog, space.queue()),
        mover(clock, random, catalog, retention, space),
        attempts(clock) {}

  Catalog catalog;
  Polls polls;
  Retention retention;
  Mover mover;
  Attempts attempts;
};

struct Core {
  const Clock* clock = nullptr;
  Random* random = nullptr;
  Options options;
  store::Space* space = nullptr;
  const os::DiskSpace* disk = nullptr;  // null: there is room
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

  // Before messages are taken on: what is left is for those who make room.
  Status check_room() const {
    if (disk == nullptr || disk->spare_bytes() > 0) return {};
    return fail(Error(ErrorKind::kUnavailable, "ServiceUnavailable",
                      "The service cannot take messages now: the disk is full. Receiving, deleting "
                      "and purging go on.")
                    .with_status(503));
  }
};

}  // namespace lapwing::sqs
