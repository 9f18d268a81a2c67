// Makes attempts: asks the sender for the parcel, hands it over, and says what is to become of it.
//
// Thread-safety: the outbox's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/outbox/core.hpp"
#include "delivery/packing.hpp"
#include "delivery/sender.hpp"
#include "journal/journal.hpp"
#include "net/task.hpp"
#include "ports/destination.hpp"

namespace lapwing::delivery {

enum class Verdict : std::uint8_t {
  kDone,   // taken, not wanted, or dropped
  kAgain,  // after `delay`
  kDead,   // to its dead-letter queue, for `failure`
};

struct Attempt {
  const Posting* posting = nullptr;
  std::string_view addressee;
  store::MessageId message = 0;   // the posting's, where it comes from the pump
  std::uint32_t before = 0;       // attempts made already
  const Waiting* dead = nullptr;  // a dead letter

  // By prepare():
  Shipment shipment = {};
  ports::Destination* destination = nullptr;

  std::string event = {};  // its owner's name for it
  AccountId account = {};
  std::string at = {};  // who sends it: an ARN
  std::string to = {};

  // The outcome. What was not decided (a bug) is tried again.
  Verdict verdict = Verdict::kAgain;
  Duration delay = kStoreRetry;
  std::optional<Failure> failure = {};
  std::string said = {};  // why it was not taken
  bool taken = false;
  bool hung = false;              // no answer in time
  std::string dead_letters = {};  // where it goes, given up: a queue's ARN
};

class Courier {
 public:
  explicit Courier(Core& core) : core_(core) {}

  // Whether it is to be delivered; else it is decided.
  bool prepare(Attempt& attempt) const;
  // What is to be kept of an attempt after which its event is given up; `bytes`: what has been kept
  // with it already.
  std::optional<DeadEvent> buried(const Attempt& attempt, std::size_t bytes) const;
  // Those prepared, a call a destination.
  net::Task<void> deliver(std::vector<Attempt*> attempts, Duration timeout);

 private:
  net::Task<void> call(ports::Destination& to, std::vector<Attempt*> attempts, Duration timeout);
  template <class F>
  auto guarded(const Attempt& attempt, F body) const -> decltype(body());
  bool ask_sender(Attempt& attempt) const;
  void judge(Attempt& attempt, const ports::Delivered& answer) const;
  void judge_dead(Attempt& attempt, const ports::Delivered& answer) const;
  void give_up(Attempt& attempt, Why why, const ports::Delivered& last,
               std::uint32_t attempts) const;
  void drop(Attempt& attempt, const ports::Delivered& last) const;
  void name(Attempt& attempt) const;
  void note(const Attempt& attempt, journal::StepKind kind, std::string reason,
            std::string became = {}) const;

  Core& core_;
};

// The same at each attempt.
std::string parcel_id(std::string_view posting, std::string_view addressee, bool dead);

}  // namespace lapwing::delivery
