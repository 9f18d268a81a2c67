// `lapwing clock`: asks a server that was started with clock=manual how its clock stands, and moves
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "server/config.hpp"

namespace lapwing::server {

// "90s", "2m", "1h30m", "7d", "2w": each unit once, the larger ones first; nothing for what is
// none, or above kClockAdvanceMax.
std::optional<Duration> parse_duration(std::string_view text);

// Which server is asked: the one said, else that of AWS_ENDPOINT_URL (null: not set), else the one
// that listens where servers do by default. kInvalid for a URL that names none that can be asked.
Result<std::string> clock_address(const std::string& said, const char* endpoint_url);

// `listen`: "HOST:PORT", or empty; `advance` as above, or nothing: it is only asked. Returns the
// exit status: 2 where what was said makes no sense, 1 where the server does not do it.
int run_clock(const std::string& listen, const std::optional<std::string>& advance);

}  // namespace lapwing::server
