// What an outbox keeps in its queues, as bytes: postings, and what waits in lanes.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "delivery/posting.hpp"
#include "delivery/sender.hpp"

namespace lapwing::delivery {

// One event on its way to one addressee.
struct Waiting {
  Posting posting;                 // with this addressee alone
  std::uint32_t attempts = 0;      // made before it came into this lane
  std::optional<Failure> failure;  // a dead letter's: why
  std::int64_t died_ms = 0;        // a dead letter's: since when, since the epoch
};

std::string pack(const Posting& posting);
Result<Posting> unpack_posting(std::string_view bytes);

std::string pack_waiting(const Posting& posting, std::string_view addressee, std::uint32_t attempts,
                         const Failure* failure = nullptr, std::int64_t died_ms = 0);
Result<Waiting> unpack_waiting(std::string_view bytes);

}  // namespace lapwing::delivery
