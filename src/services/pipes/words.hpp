// Errors in the words of Pipes. Those marked [ours] are not recorded from AWS.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::pipes {

Error invalid(std::string message);
// A ValidationException about one member: "SourceParameters.SqsQueueParameters.BatchSize".
Error invalid_member(std::string_view member, std::string_view message);
Error foreign_role();                       // [ours: IAM's words] it is another account's
Error no_such_pipe(std::string_view name);  // [ours]
Error pipe_exists(std::string_view name);   // [ours]
// On its way from one state to another.
Error pipe_is_changing(std::string_view name, std::string_view state);  // [ours]
// What the store could not do, as Pipes would say it; errors of ours as they are.
Error store_failure(Error error);
// StateReason: why the source cannot be received from.
std::string source_trouble(const Error& why);

}  // namespace lapwing::pipes
