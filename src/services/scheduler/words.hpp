// Errors in Scheduler's words. Those marked [ours] are not recorded from AWS.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace lapwing::scheduler {

Error invalid(std::string_view what);
Error no_such_schedule(std::string_view name);
Error foreign_role();  // [ours: IAM's words] it is another account's
Error schedule_exists(std::string_view name);
Error no_such_group(std::string_view name);
Error group_exists(std::string_view name);
Error group_is_deleting(std::string_view name);  // [ours]
Error token_used_otherwise();                    // [ours]
// What the store could not do, as Scheduler would say it; errors of ours as they are.
Error store_failure(Error error);

}  // namespace lapwing::scheduler
