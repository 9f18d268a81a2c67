#include "server/clock_command.hpp"

#include <cstdint>
#include <cstdio>
#include <utility>

#include <fmt/core.h>

#include "server/ask.hpp"
#include "server/limits.hpp"

namespace lapwing::server {
namespace {

constexpr int kMisused = 2;  // exit status
// What falls due in a long time may take a while.
constexpr auto kAnswerTime = std::chrono::minutes(10);

std::optional<Duration> unit_of(char letter) {
  switch (letter) {
    case 's':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::minutes(1);
    case 'h':
      return std::chrono::hours(1);
    case 'd':
      return std::chrono::hours(24);
    case 'w':
      return std::chrono::hours(24 * 7);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto most = std::chrono::duration_cast<std::chrono::seconds>(kClockAdvanceMax).count();
  std::int64_t seconds = 0;
  std::int64_t number = -1;
  std::optional<Duration> last;  // unit
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number) * 10 + (c - '0');
      if (number > most) return std::nullopt;
      continue;
    }
    const auto unit = unit_of(c);
    if (number < 0 || !unit || (last && *unit >= *last)) return std::nullopt;
    last = unit;
    seconds += number * std::chrono::duration_cast<std::chrono::seconds>(*unit).count();
    if (seconds > most) return std::nullopt;
    number = -1;
  }
  if (text.empty() || number >= 0) return std::nullopt;  // a number without its unit
  return std::chrono::seconds(seconds);
}

int run_clock(const std::string& listen, const std::optional<std::string>& advance) {
  std::string body;
  if (advance) {
    const auto by = parse_duration(*advance);
    if (!by) {
      fmt::print(
          stderr,
          "lapwing: '{}' is no time to move the clock by: say 90s, 2m, 1h30m, 7d or 2w, each "
          "unit once, up to ten years\n",
          *advance);
      return kMisused;
    }
    body = fmt::format(R"({{"advance_seconds":{}}})",
                       std::chrono::duration_cast<std::chrono::seconds>(*by).count());
  }
  std::string answer;
  const auto none = ask_server({.listen = listen,
                                .target = "/_lapwing/clock",
                                .body = std::move(body),
                                .patience = kAnswerTime},
                               answer);
  if (none) {
    fmt::print(stderr, "lapwing: {}\n", none->text);
    return none->status;
  }
  fmt::print("{}\n", answer);
  return 0;
}

}  // namespace lapwing::server
