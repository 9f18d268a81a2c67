// Pages of Describe operations: MaxResults and NextToken.
//
// Thread-safety: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "resources/pages.hpp"
#include "services/ec2/limits.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {

// `name` gives what the items are sorted by; no two have the same.
template <class T, class Name>
Result<resources::Paged<T>> page_of(std::vector<T> items, const std::string& list,
                                    const std::optional<std::int32_t>& max_results,
                                    const std::optional<std::string>& token, Name name) {
  const auto most = max_results ? static_cast<std::size_t>(std::max(*max_results, 0)) : kPageMax;
  if (max_results && (most < kPageMin || most > kPageMax)) {
    return fail(invalid_value(
        fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value from {} "
                    "to {}.",
                    *max_results, kPageMin, kPageMax)));
  }
  const std::optional<std::string> given = token && !token->empty() ? token : std::nullopt;
  auto ask = resources::page_ask(list, given, most);
  if (!ask) {
    return fail(failure(ErrorKind::kInvalid, "InvalidNextToken", "The token is not valid."));
  }
  return resources::page_items(std::move(items), *ask, name);
}

}  // namespace lapwing::ec2
