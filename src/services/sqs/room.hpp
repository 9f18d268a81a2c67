// Whether messages may still be taken on: what the disk has left, and what SQS may take of it.
//
// Only sends ask. What makes room (receiving, deleting, purging, deleting queues) never does: the
// disk's reserve is for it, and so is the part of SQS's own limit that messages may not take.
//
// Thread-safety: any thread. check() asks the store where the limit is near; else it is a
// look at the disk and an addition.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "store/engine.hpp"

namespace lapwing::sqs {

class Room {
 public:
  // `space`: of the messages. `disk` null, `bytes_max` 0: no limit.
  Room(store::Space& space, const os::DiskSpace* disk, std::uint64_t bytes_max);

  // ServiceUnavailable (503) where messages of so many bytes have no place.
  Status check(std::size_t bytes);

  // Of the limit, what messages may take.
  static std::uint64_t for_messages(std::uint64_t bytes_max);

 private:
  store::Space& space_;
  const os::DiskSpace* disk_;
  std::uint64_t bytes_max_;
  // What was in use at the last count, and what was sent since: never less than what is in use.
  std::atomic<std::uint64_t> used_;
};

}  // namespace lapwing::sqs
