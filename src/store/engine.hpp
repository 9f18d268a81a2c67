// Engine: one set of storage, opened whole by server/ and handed out by interface. Opened
// by memory/memory_engine.hpp (tests, --store memory) or sqlite/sqlite_engine.hpp.
//
// Destroying it waits for writes under way and wakes every waiter; nobody may be inside a
// call by then except in wait()/wait_for(), and subscriptions must be gone.
#pragma once

#include "store/blob.hpp"
#include "store/change_feed.hpp"
#include "store/lease.hpp"
#include "store/log.hpp"
#include "store/queue.hpp"
#include "store/store.hpp"

namespace lapwing::store {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Store& store() = 0;
  virtual ChangeFeed& changes() = 0;
  virtual Queue& queue() = 0;
  virtual Log& log() = 0;       // takes part in transactions
  virtual Log& bulk_log() = 0;  // for volume; own file, own writer
  virtual Lease& lease() = 0;
  virtual BlobStore& blobs() = 0;

  // Wakes every waiter (they answer false) and refuses further writes with kUnavailable.
  virtual void shut_down() = 0;
};

}  // namespace lapwing::store
