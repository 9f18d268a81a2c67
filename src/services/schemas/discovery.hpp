// A schema that describes sample events: members, their types, which of them all events have.
//
// An event in EventBridge's envelope ("detail-type", "source", "detail") becomes a schema AWSEvent
// whose detail is one of its own, as SDKs' code bindings want it; any other one a schema Event.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::schemas {

// `type`: gen::schemas::Type. BadRequest for an event that is no JSON object.
Result<std::string> discovered_schema(std::string_view type,
                                      const std::vector<std::string>& events);

}  // namespace lapwing::schemas
