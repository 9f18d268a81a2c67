// For tests: value trees as JSON by member name, whatever the protocol calls or binds them.
// Times are ISO 8601 strings, blobs base64, absent members left out.
#pragma once

#include <string>

#include "aws/arena.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "text/json.hpp"

namespace lapwing::aws::testing {

std::string dump(const ServiceModel& model, const ShapeRow& shape, const Value& value);
Value load(const ServiceModel& model, const ShapeRow& shape, const text::JsonValue& json,
           Arena& arena);

}  // namespace lapwing::aws::testing
