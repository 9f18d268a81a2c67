// Parameters that connections and targets add to a request: headers, query, body.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gen/events/shape/connection_http_parameters.hpp"
#include "http/message.hpp"

namespace lapwing::events {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Of the three lists of ConnectionHttpParameters.
template <class List>
Pairs pairs_of(const List& list) {
  Pairs out;
  if (!list) return out;
  for (const auto& each : *list) out.emplace_back(each.key.value_or(""), each.value.value_or(""));
  return out;
}

// "a=1&b=2", encoded as a form is.
std::string form_of(const Pairs& pairs);
// The URL with these in its query, instead of those of the same name.
std::string with_query(std::string_view url, const Pairs& pairs);
// The URL with each "*" of its path replaced by the next value; what is left over stays.
std::string with_path_values(std::string_view url, const std::vector<std::string>& values);
// A JSON object with these members, instead of those of the same name. What is no object stays.
std::string with_members(std::string_view body, const Pairs& pairs);

}  // namespace lapwing::events
