// Whether messages may still be taken on: what the disk has left, and what SQS may take of it.
//
// Only sends ask. What makes room (receiving, deleting, purging, deleting queues) never does: the
// disk's reserve is for it, and so is the part of SQS's own limit that messages may not take.
//
// An account alone may have all. Where several have queues, one has its least part, and beyond it
// as much as is left to the others: so that who comes later, or wants less, finds room. What
// each has is counted in the background; what is sent in between is added, and what is deleted is
// seen at the next count, so that an account beyond its part may wait a moment for what it has
// freed.
//
// Thread-safety: any thread. check() reads the file's head where the limit is near; else it is a
// look at the disk and an addition.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "background/runner.hpp"
#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "services/sqs/catalog.hpp"
#include "store/engine.hpp"

namespace lapwing::sqs {

class Room {
 public:
  // `space`: of the messages. `disk` null, `bytes_max` 0: no limit.
  Room(store::Space& space, const os::DiskSpace* disk, std::uint64_t bytes_max);

  // Accounts are counted from here on. Both outlive stop().
  void begin(background::Runner& runner, const Catalog& catalog, store::Queue& messages);
  void stop() { counting_.reset(); }

  // ServiceUnavailable (503) where messages of so many bytes of an account have no place.
  Status check(std::string_view account, std::size_t bytes);

  // Of the limit, what messages may take.
  static std::uint64_t for_messages(std::uint64_t bytes_max);

 private:
  using Bytes = std::map<std::string, std::uint64_t, std::less<>>;  // by account

  Status count(const Catalog& catalog, store::Queue& messages);
  // Whether the account may have so much more, of which it is told then.
  bool take_part(std::string_view account, std::uint64_t added, std::uint64_t most);

  store::Space& space_;
  const os::DiskSpace* disk_;
  std::uint64_t bytes_max_;
  // What was in use at the last count, and what was sent since: never less than what is in use.
  std::atomic<std::uint64_t> used_;
  std::mutex mutex_;
  // Both guarded by mutex_: what each account has at most, and what it has sent since a count
  // began.
  Bytes accounts_;
  Bytes since_;
  background::Task counting_;
};

}  // namespace lapwing::sqs
