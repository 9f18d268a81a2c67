// `lapwing clock`: asks a server that was started with clock=manual how its clock stands, and moves
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace lapwing::server {

// "90s", "2m", "1h30m", "7d", "2w": each unit once, the larger ones first; nothing for what is
// none, or above kClockAdvanceMax.
std::optional<Duration> parse_duration(std::string_view text);

// `listen`: "HOST:PORT", or empty; `advance` as above, or nothing: it is only asked. Returns the
// exit status: 2 where what was said makes no sense, 1 where the server does not do it.
int run_clock(const std::string& listen, const std::optional<std::string>& advance);

}  // namespace lapwing::server
