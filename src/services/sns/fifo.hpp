// What topics remember of their messages: deduplication ids and other senders' parcels for five
// minutes, and a FIFO topic's last sequence number, as records in the transaction that accepts a
// message.
//
// Thread-safety: static functions, as the transaction they are given; Fading as its Runner has it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/result.hpp"
#include "services/sns/message.hpp"
#include "services/sns/tables.hpp"
#include "services/sns/topic.hpp"
#include "store/store.hpp"

namespace lapwing::sns {

struct Accepted {
  bool duplicate = false;  // then the ids are the first one's
  std::string message_id;
  std::uint64_t sequence = 0;
};

// Gives the message its sequence number, unless its deduplication id was taken less than
// kDeduplicatedFor ago.
Result<Accepted> accept_in_order(store::Txn& txn, const Topic& topic, const Message& message);

// Of a standard topic, where it comes by a parcel of this id: taken once for as long.
Result<Accepted> accept_once(store::Txn& txn, const Topic& topic, const Message& message,
                             std::string_view parcel);

// Takes the ids away when they are over.
class Fading final : public DueSource {
 public:
  Fading(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;
  // An id was written. Whether its driver has to be told, which else waits for an earlier one.
  bool written() { return asleep_.exchange(false); }

 private:
  store::Store& store_;
  const Clock& clock_;
  std::atomic<bool> asleep_{false};
};

}  // namespace lapwing::sns
