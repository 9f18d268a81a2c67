// Store: small durable records, and transactions over records, queue and log together.
//
// A record is (kind, key) -> bytes and a revision, with index terms its writer declares.
// Keys are arbitrary bytes, ordered bytewise. There is no free query: what is not a key
// prefix is an index term.
//
// Synchronous: a call returns when the change is on disk. submit() is the exception: it returns at
// once and calls back; coroutines use it by way of await.hpp, and hold no thread. Outcomes are
// error kinds:
//   kConflict     an expectation did not hold; nothing was written
//   kNotFound     erase of what is not there (Expect::any() excepted: that succeeds)
//   kTooLarge     beyond limits.hpp; nothing was written
//   kTimeout      the deadline passed before the change was begun; nothing happened
//   kUnavailable  disk full, read-only, shutting down; nothing happened
//   kThrottled    submit(): kMaxSubmitted transactions wait already; nothing happened
//   kUnknown      the commit's outcome was not seen: it may have happened. Retry with the
//                 same idempotency key
//   kInvalid      the call itself is wrong
//   kInternal     a damaged file or a bug
//
// Thread-safety: every method from any thread, except from inside a transaction's body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/function_ref.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "store/blob_id.hpp"
#include "store/limits.hpp"
#include "store/log_types.hpp"
#include "store/queue_types.hpp"

namespace lapwing::store {

// Opaque; strictly increasing over a record's life, never used again even after an erase.
using Revision = std::uint64_t;
// Position in the change feed: the number of commits that changed records.
using CommitSequence = std::uint64_t;

inline constexpr MonoTime kNoDeadline = MonoTime::max();

struct IndexTerm {
  std::string index;  // a short name, unique within the kind
  std::string term;   // arbitrary bytes
  friend bool operator==(const IndexTerm&, const IndexTerm&) = default;
};

struct Record {
  std::string key;
  std::string value;
  Revision revision = 0;
  std::string term = {};  // scans over an index: the term found; else empty
};

// What must be there for a write to happen.
class Expect {
 public:
  static Expect any() { return Expect(Kind::kAny, 0); }
  static Expect absent() { return Expect(Kind::kAbsent, 0); }
  static Expect revision(Revision revision) { return Expect(Kind::kRevision, revision); }

  // `current` is 0 when there is no record.
  bool holds(Revision current) const {
    return kind_ == Kind::kAny || current == (kind_ == Kind::kAbsent ? 0 : revision_);
  }
  bool is_any() const { return kind_ == Kind::kAny; }

 private:
  enum class Kind { kAny, kAbsent, kRevision };
  Expect(Kind kind, Revision revision) : kind_(kind), revision_(revision) {}
  Kind kind_;
  Revision revision_;
};

enum class Order { kAscending, kDescending };
enum class Match { kPrefix, kExact };

struct ScanQuery {
  std::string kind = {};
  // Of the key, or of the term when `index` is set.
  std::string prefix = {};
  std::string index = {};
  // kExact: the whole key (or term) equals `prefix`.
  Match match = Match::kPrefix;
  // Where the page before ended: ScanPage::next. For scans without an index it is simply a
  // key, so a caller may also start after a key of its own.
  std::string after = {};
  std::size_t limit = 100;  // 1..kMaxScanLimit
  Order order = Order::kAscending;
};

struct ScanPage {
  std::vector<Record> records;      // in key order, or in (term, key) order over an index
  std::optional<std::string> next;  // set when there may be more
};

struct PutOptions {
  Expect expect = Expect::any();
  std::vector<IndexTerm> terms = {};  // replaces all terms of the record
  // Replaces all blobs of the record: collection keeps what some record names. Only in the
  // engine's own store, not in other spaces (kInvalid).
  std::vector<BlobId> blobs = {};
};

// One consistent snapshot. Valid only inside the call that hands it out.
class Reader {
 public:
  virtual Result<std::optional<Record>> get(std::string_view kind, std::string_view key) = 0;
  virtual Result<ScanPage> scan(const ScanQuery& query) = 0;
  // The last commit this snapshot contains: follow the ChangeFeed from here.
  virtual Result<CommitSequence> sequence() = 0;

 protected:
  ~Reader() = default;
};

// A transaction being made. It sees its own writes. An error returned by the body (its own
// or one of these) undoes everything.
class Txn : public Reader {
 public:
  virtual Result<Revision> put(std::string_view kind, std::string_view key, std::string_view value,
                               const PutOptions& options = {}) = 0;
  virtual Status erase(std::string_view kind, std::string_view key,
                       Expect expect = Expect::any()) = 0;

  // Queue, in the same transaction (queue.hpp). One that answers an error has changed nothing of
  // itself: the body may go on with the next.
  virtual Result<Enqueued> enqueue(const EnqueueRequest& request) = 0;
  virtual Result<ClaimResult> claim(const ClaimRequest& request) = 0;
  virtual Status complete(const Receipt& receipt, Lateness lateness = Lateness::kAllowed) = 0;
  // The visibility ends `visibility` from now; zero: visible, and the receipt still counts.
  virtual Status extend(const Receipt& receipt, Duration visibility,
                        Lateness lateness = Lateness::kAllowed) = 0;
  // Gives it back, due after `delay`. The attempt stays counted, the receipt is superseded.
  virtual Status release(const Receipt& receipt, Duration delay = Duration::zero()) = 0;
  // To another queue (a dead-letter queue) or to the end of its own; attempts from 0, age and
  // attempts_in_all kept. Answers the new id.
  virtual Result<MessageId> move(const Receipt& receipt, std::string_view to_queue,
                                 const MoveOptions& options = {}) = 0;
  // The same with one that nobody has: by its id, out of that queue. kNotFound where it is not
  // there (any more), kConflict while it is claimed.
  virtual Result<MessageId> move_unclaimed(MessageId id, std::string_view from_queue,
                                           std::string_view to_queue,
                                           const MoveOptions& options = {}) = 0;
  // What the receipt names, its payload included.
  virtual Result<Peeked> peek(const Receipt& receipt) = 0;

  // Log, in the same transaction: Engine::log(), never the bulk log (log.hpp).
  virtual Result<LogSequence> append(std::string_view stream, std::string_view shard,
                                     const std::vector<LogInput>& records) = 0;

  // Fails with kConflict unless the lease is held with exactly this epoch now (lease.hpp):
  // the first line of every guarded write.
  virtual Status guard(std::string_view lease, std::uint64_t epoch) = 0;

  // Bytes kept with the idempotency key and answered again on a replay.
  virtual void set_outcome(std::string bytes) = 0;

 protected:
  ~Txn() = default;
};

struct TransactOptions {
  // By Clock::mono(). A change already begun is waited for.
  MonoTime deadline = kNoDeadline;
  // When set, a second transaction with the same key within kIdempotencyWindow of the
  // first one's commit does nothing and answers its outcome.
  std::string idempotency_key = {};
};

using TxnBody = UniqueFunction<Status(Txn&)>;

struct Committed {
  CommitSequence sequence = 0;  // the feed contains the change from here on
  bool replayed = false;
  std::string outcome = {};  // what set_outcome() was given
};

using TxnDone = UniqueFunction<void(Result<Committed>)>;

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<std::optional<Record>> get(std::string_view kind, std::string_view key) = 0;
  virtual Result<ScanPage> scan(const ScanQuery& query) = 0;
  // Several reads of one snapshot. The body may run on any thread and must not block.
  virtual Status read(FunctionRef<Status(Reader&)> body) = 0;

  // Runs `body` serialisably and commits. The body may run on another thread and more than
  // once: it has no effect but through the Txn and by assigning (not appending to) what it
  // captured; it neither blocks nor calls the store. Its own error comes back unchanged.
  virtual Result<Committed> transact(FunctionRef<Status(Txn&)> body,
                                     const TransactOptions& options = {}) = 0;

  // The same without waiting: answers at once, an error only where nothing was taken on; `done` is
  // called exactly once for what was taken on, on the writer's thread and soon: it only notes or
  // posts, and does not call the store. Transactions that wait together share one commit, no matter
  // who gave them. The body goes before `done` is called.
  virtual Status submit(TxnBody body, TransactOptions options, TxnDone done) = 0;

  // Who has records that were written before blobs were counted and has not said yet that all of
  // them now name their blobs. An owner does so once, at its start: put() all of its records with
  // .blobs, then declare_blobs().
  virtual Result<std::vector<std::string>> undeclared_owners() = 0;
  virtual Status declare_blobs(std::string_view owner) = 0;

  // Transactions of one write.
  Result<Revision> put(std::string_view kind, std::string_view key, std::string_view value,
                       const PutOptions& options = {}, const TransactOptions& transact = {});
  Status erase(std::string_view kind, std::string_view key, Expect expect = Expect::any(),
               const TransactOptions& transact = {});
};

// Every record of a scan, page by page; stops at the first error, the body's included.
Status for_each_record(Store& store, ScanQuery query, FunctionRef<Status(Record&)> body);

}  // namespace lapwing::store
