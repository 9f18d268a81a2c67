// `lapwing clock`: asks a server that was started with clock=manual how its clock stands, and moves
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "server/config.hpp"

namespace lapwing::server {

// "90s", "2m", "1h30m", "7d", "2w"; nothing for what is none, or above kClockAdvanceMax.
std::optional<Duration> parse_duration(std::string_view text);

// Which server is asked: the one said, else that of AWS_ENDPOINT_URL (null: not set), else the one
// that listens where servers do by default.
std::string clock_address(const std::string& said, const char* endpoint_url);

// `listen`: "HOST:PORT", or empty; `advance` as above, or empty. Returns the exit status.
int run_clock(const std::string& listen, const std::string& advance);

}  // namespace lapwing::server
