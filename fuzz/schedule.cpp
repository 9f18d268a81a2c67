// Schedules: an expression is read or refused with a message, and occurs in order; a time zone's
// file is read or refused, and what it says of an instant agrees with itself.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "schedule/expression.hpp"
#include "schedule/occurrence.hpp"
#include "schedule/zone.hpp"

namespace {

using lapwing::WallTime;
using lapwing::schedule::Dialect;
using lapwing::schedule::Expression;
using lapwing::schedule::Frame;
using lapwing::schedule::Zone;

constexpr WallTime kNow = WallTime(std::chrono::seconds(1'711'843'000));  // an hour before spring

void require(bool holds) {
  if (!holds) std::abort();
}

// `tame`: clocks do not go to and fro within a day, so that there is a latest.
void occurs_in_order(const Expression& expression, const Frame& frame, bool tame = true) {
  WallTime after = kNow;
  for (int i = 0; i < 4; ++i) {
    const auto due = lapwing::schedule::next(expression, frame, after);
    if (!due) return;
    require(*due > after);
    if (tame) require(lapwing::schedule::latest(expression, frame, kNow, *due) == due);
    after = *due;
  }
}

void check_zone(const Zone& zone) {
  const Expression every = *lapwing::schedule::parse("cron(*/7 * * * ? *)", Dialect::kScheduler);
  occurs_in_order(every, {.zone = &zone}, false);
  for (std::int64_t utc = -3'000'000'000; utc < 8'000'000'000; utc += 86'400 * 97 + 1234) {
    const std::int64_t local = utc + zone.offset_at(utc);
    const Zone::Shown shown = zone.first(local);
    require(shown.utc && *shown.utc <= utc && shown.resume_local > local);
    require(*shown.utc + zone.offset_at(*shown.utc) == local);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Safe: bytes are looked at as characters.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("TZif")) {
    if (const auto zone = Zone::read(text)) check_zone(*zone);
    return 0;
  }
  const Zone west = Zone::fixed(-12'345);
  for (const Dialect dialect : {Dialect::kRule, Dialect::kScheduler}) {
    const auto expression = lapwing::schedule::parse(text, dialect);
    if (!expression) {
      require(!expression.error().message.empty());
      continue;
    }
    occurs_in_order(*expression, {.anchor = kNow});
    occurs_in_order(*expression, {.zone = &west, .anchor = kNow, .start = kNow});
  }
  return 0;
}
