// What a transaction does to queues. Counts are gathered and written once, by flush(). Only
// sqlite/*.cpp includes this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/queue_pick.hpp"
#include "store/queue_signals.hpp"
#include "store/sqlite/database_internal.hpp"

namespace lapwing::store::sqlite {

// Where a message stands; the schema's partial indexes name the numbers. From 2 on, so that a
// change of place keeps the row's length and is written in place.
enum class Place : std::int64_t {
  kReady = 2,     // visible since at_ns
  kDelayed = 3,   // visible from at_ns on
  kInFlight = 4,  // claimed until at_ns
  kBehind = 5,    // visible, not the first of its ordered group
  kLane = 6,      // visible since at_ns, of a fair group
};

struct Msg {
  MessageId id = 0;
  std::int64_t queue = 0;
  Place place = Place::kReady;
  std::int64_t at_ns = 0;
  std::uint64_t claim = 0;
  std::uint32_t attempts = 0;
  std::uint32_t attempts_in_all = 0;
  std::int64_t first_claim_ns = 0;
  std::int64_t first_claim_ms = 0;
  std::int64_t enqueued_ns = 0;
  std::int64_t enqueued_ms = 0;
  bool ordered = false;
  bool apart = false;  // the payload is in a table of its own
  std::string group;
  std::string payload;  // where it was asked for
};

class QueueTxn {
 public:
  QueueTxn(Database& db, std::int64_t now_ns, std::int64_t wall_ms)
      : db_(&db), now_(now_ns), wall_ms_(wall_ms) {}

  Result<Enqueued> enqueue(const EnqueueRequest& request);
  Result<ClaimResult> claim(const ClaimRequest& request);
  Status complete(const Receipt& receipt, Lateness lateness);
  Status extend(const Receipt& receipt, Duration visibility, Lateness lateness);
  Status release(const Receipt& receipt, Duration delay);
  Result<MessageId> move_unclaimed(MessageId id, std::string_view from_queue,
                                   std::string_view to_queue, const MoveOptions& options);
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue,
                         const MoveOptions& options);
  Result<Peeked> peek(const Receipt& receipt);

  // Puts up to `max` messages whose delay or visibility has ended where they stand now.
  Result<std::size_t> promote(std::string_view queue, std::size_t max);
  Result<std::uint64_t> expire(std::string_view queue, std::int64_t enqueued_before_ns,
                               std::size_t max);
  // Ends the visibility of all that are claimed; promote() does the rest. Answers how many.
  Result<std::uint64_t> give_back(std::string_view queue);
  // Takes the queue's name away; answers how many messages it had.
  Result<std::uint64_t> drop(std::string_view queue);

  // The last thing before the commit.
  Status flush();
  QueueEffects effects;

 private:
  Result<MessageId> move_found(Msg message, std::string_view to_queue, const MoveOptions& options);
  struct Row {
    std::int64_t number = 0;
    std::string name;
    std::int64_t in_flight = 0;  // as stored
    std::int64_t ready_by = 0;
    std::int64_t delayed_by = 0;
    std::int64_t in_flight_by = 0;
  };
  struct LaneChange {
    std::int64_t ready_by = 0;
    std::int64_t in_flight_by = 0;
    std::int64_t served_ns = 0;
  };

  Result<Row*> row(std::string_view queue, bool make);
  Result<Row*> row(std::int64_t number);  // null: dropped
  Result<MessageId> next_id();
  enum class Payload { kWanted, kNotWanted };
  Result<std::optional<Msg>> load(MessageId id, Payload payload);
  Result<Msg> claimed(const Receipt& receipt, Lateness lateness, Payload payload);
  Claimed describe(const Msg& message, const Row& row) const;

  void count(const Msg& message, Place place, std::int64_t by);
  Result<Place> ready_place(const Msg& message);
  Result<bool> has_group(std::int64_t queue, std::string_view group);
  Status put(Msg& message, Place place, std::int64_t at_ns);
  Status insert(Msg& message, Place place);
  Status remove(const Msg& message);
  // The first of an ordered group may have become another one.
  Status advance(std::int64_t queue, const std::string& group);
  Status make_visible(Msg& message, Duration delay, Place hidden);

  Result<std::vector<ClaimUnit>> units(const Row& row, std::size_t max, std::int64_t after_ns);
  Result<std::vector<ClaimUnit>> fair_units(const Row& row, std::size_t max, std::int64_t after_ns);
  Result<std::vector<MessageId>> run_of(std::int64_t queue, std::string_view group,
                                        std::size_t max);
  Result<Claimed> take(MessageId id, Row& row, Duration visibility);
  Result<std::size_t> promote(const Row& row, Place place, std::size_t max);
  Result<std::uint64_t> expire(const char* sql, const Row& row, std::int64_t before_ns,
                               std::size_t max);
  Status flush_lanes();

  Database* db_;
  std::int64_t now_;
  std::int64_t wall_ms_;
  std::map<std::int64_t, Row> rows_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  std::map<std::pair<std::int64_t, std::string>, LaneChange> lanes_;
  std::optional<std::int64_t> last_id_;  // once one was given out
  bool changed_ = false;
};

// How long until the queue has something to claim, as the transaction or snapshot sees it.
Result<std::optional<std::int64_t>> queue_due_on(Database& db, std::string_view queue);

}  // namespace lapwing::store::sqlite
