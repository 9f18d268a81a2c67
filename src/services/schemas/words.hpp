// Errors in the words of EventBridge's schema registry. Each has its code twice, as on AWS:
// "NotFoundException", and "NotFound" in its member Code. Those marked [ours] are not known from
// AWS.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::schemas {

Error bad_request(std::string message);  // 400
Error conflict(std::string message);     // 409
Error forbidden(std::string message);    // 403

Error no_such_registry(std::string_view name);                            // [ours]
Error no_such_schema(std::string_view name);                              // [ours]
Error no_such_version(std::string_view schema, std::string_view number);  // [ours]
Error no_such_policy(std::string_view registry);                          // [ours]
Error no_such_resource(std::string_view arn);                             // [ours]
Error policy_changed();                                                   // 412 [ours]
Error nothing_changed();                                                  // what SAM CLI looks for
Error not_exported();
// What a store could not do; errors of ours as they are.
Error store_failure(Error error);

}  // namespace lapwing::schemas
