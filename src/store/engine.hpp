// Engine: one set of storage, opened whole by server/ and handed out by interface. Opened
// by memory/memory_engine.hpp (tests, --store memory) or sqlite/sqlite_engine.hpp.
//
// A Space is what one transaction can reach: records, queue, log and leases. The engine is a space
// itself (state.db); what is hot (messages, items) has another, with a file and a writer of its
// own, so that neither waits for the other's commits. What crosses from one space to another is
// two transactions: write into an outbox in the first, carry it over, then remove it there.
//
// Destroying an engine waits for writes under way and wakes every waiter; nobody may be inside a
// call by then except in wait()/wait_for(), and subscriptions must be gone.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/due_source.hpp"
#include "store/blob.hpp"
#include "store/change_feed.hpp"
#include "store/lease.hpp"
#include "store/log.hpp"
#include "store/queue.hpp"
#include "store/store.hpp"

namespace lapwing::store {

class Space {
 public:
  virtual ~Space() = default;
  virtual Store& store() = 0;
  virtual ChangeFeed& changes() = 0;
  virtual Queue& queue() = 0;
  virtual Log& log() = 0;  // takes part in transactions
  virtual Lease& lease() = 0;
  // Delays and visibilities that end: what wakes the queue's subscribers by time.
  virtual DueSource& due() = 0;
  // What it takes of the disk or of memory, all parts together; free pages of a file do not count.
  // SQLite reads the file's head; the memory engine walks over everything.
  virtual Result<std::uint64_t> used_bytes() = 0;
};

class Engine : public Space {
 public:
  // Opened, and made, at the first call; then the same one until the engine goes. The name is 1 to
  // kMaxSpaceNameBytes of a-z, 0-9 and '-' (kInvalid otherwise).
  virtual Result<Space*> space(std::string_view name) = 0;

  virtual Log& bulk_log() = 0;  // for volume; own file, own writer
  virtual BlobStore& blobs() = 0;
  // Removes the blobs that no record names (PutOptions::blobs) and that were last put longer ago
  // than this, which must exceed the longest time between a put and the record that names it.
  // Nothing goes while there is an owner whose records were written before blobs were counted
  // (Store::undeclared_owners).
  virtual Result<BlobStore::Swept> collect_blobs(Duration older_than) = 0;

  // Wakes every waiter (they answer false) and refuses further writes with kUnavailable.
  virtual void shut_down() = 0;
};

}  // namespace lapwing::store
