// The query protocol's input: form fields whose names are paths ("Tags.member.1.Key").
#pragma once

#include <string_view>

#include "aws/arena.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::aws {

// Fields from the URL and from a form body together. Lists are read wrapped
// ("Name.member.N", or the element's own name) and flattened ("Name.N") alike, in the order
// of N; an empty "Name=" is an empty list.
Result<Value> read_query(const ServiceModel& model, const ShapeRow& shape,
                         std::string_view raw_query, std::string_view body, Arena& arena);

}  // namespace lapwing::aws
