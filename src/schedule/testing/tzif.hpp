// Files of time zones made by hand, so that tests do not depend on the machine's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::schedule::testing {

struct Change {
  std::int64_t utc;
  std::int32_t offset;
};

// Version 2: an empty first part, `first` before the changes, `rule` after them.
std::string tzif(std::int32_t first, const std::vector<Change>& changes, std::string_view rule);
// Version 1: 32 bits, no rule.
std::string old_tzif(std::int32_t first, const std::vector<Change>& changes);

}  // namespace lapwing::schedule::testing
