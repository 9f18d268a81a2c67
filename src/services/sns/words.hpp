// Errors in SNS's words.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace lapwing::sns {

// "Invalid parameter: " and what is said.
Error invalid(std::string_view what);
Error no_such_topic();
Error no_such_subscription();
// What the store could not do, as SNS would say it.
Error store_failure(Error error);

}  // namespace lapwing::sns
