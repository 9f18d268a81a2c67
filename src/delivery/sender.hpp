// What an outbox asks of the service whose outbox it is. Nothing of it is stored with a posting: a
// subscription that is gone, or has another retry policy, counts as it is when it is its turn.
//
// The posting is as it was accepted, but where it comes out of a lane its addressees are this one.
//
// Threading: the outbox's loop; every method returns at once. One that throws is asked again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "delivery/limits.hpp"
#include "delivery/posting.hpp"
#include "delivery/retry.hpp"
#include "ports/destination.hpp"

namespace lapwing::delivery {

struct Shipment {
  ports::Parcel parcel = {};  // its id is written by the outbox
  RetryPolicy retry = {};
  // Of this addressee under way at once.
  std::size_t under_way_max = kLaneParcels;
  // Attempts a second; zero: any (HTTP's maxReceivesPerSecond).
  double a_second_max = 0;
  // What is sent is itself a dead letter: of an event that its owner has given up.
  bool is_dead_letter = false;
  // Set: there is nothing to hand over, and this is the attempt's outcome (an event of which no
  // input can be made).
  std::optional<ports::Delivered> refusal = {};
};

enum class Why : std::uint8_t { kRefused, kRetriesExhausted, kTooOld };

struct Failure {
  Why why = Why::kRefused;
  ports::Delivered last;       // what the last attempt answered
  std::uint32_t attempts = 0;  // made
};

class Sender {
 public:
  virtual ~Sender() = default;
  // For one addressee, as it stands now. None: it wants it no more, and nothing is sent.
  virtual std::optional<Shipment> shipment(const Posting& posting, std::string_view addressee) = 0;
  // The same, for those who write the attempt's number into it: from 1.
  virtual std::optional<Shipment> shipment_at(const Posting& posting, std::string_view addressee,
                                              std::uint32_t attempt) {
    (void)attempt;
    return shipment(posting, addressee);
  }
  // What goes to its dead-letter queue. None: it has none, and the event is dropped for it.
  virtual std::optional<ports::Parcel> dead_letter(const Posting& posting,
                                                   std::string_view addressee,
                                                   const Failure& failure) = 0;
  // The event's id, as its owner names it to others: what it is found by in the journal.
  virtual std::string event_of(const Posting& posting) { return posting.id; }
  // An addressee as people read it, in the log and in pages of events.
  virtual std::string_view shown(std::string_view addressee) const { return addressee; }
  // After each attempt that was taken, and after the last that was not: for metrics and delivery
  // logs. `failure` is null where it was taken.
  virtual void ended(const Posting& posting, std::string_view addressee, const Failure* failure,
                     Duration age) {
    (void)posting, (void)addressee, (void)failure, (void)age;
  }
};

}  // namespace lapwing::delivery
