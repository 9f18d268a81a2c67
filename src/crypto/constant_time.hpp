// Comparing secrets.
#pragma once

#include <string_view>

namespace lapwing::crypto {

// Takes the same time wherever the texts differ; their lengths are not secret.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace lapwing::crypto
