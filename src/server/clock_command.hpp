// `lapwing clock`: asks a server that was started with clock=manual how its clock stands, and moves
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "server/config.hpp"

namespace lapwing::server {

// "90s", "2m", "1h30m", "7d"; nothing for what is none, or above kClockAdvanceMax.
std::optional<Duration> parse_duration(std::string_view text);

// Asks the server at config.listen; `advance` as above, or empty. Returns the exit status.
int run_clock(const Config& config, const std::string& advance);

}  // namespace lapwing::server
