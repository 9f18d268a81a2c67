// What a schema's content has to be: a JSON document with what every OpenAPI document, or every
// JSON schema, has.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace lapwing::schemas {

// `type`: gen::schemas::Type. BadRequest, which says what is missing.
Status check_content(std::string_view type, std::string_view content);

}  // namespace lapwing::schemas
