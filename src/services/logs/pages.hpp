// nextToken and limit of what is described page by page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "resources/pages.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {

using resources::PageAsk;

inline Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& token,
                                std::optional<std::int32_t> limit) {
  auto ask = resources::page_ask(std::move(list), token,
                                 static_cast<std::size_t>(limit.value_or(kDescribeMax)));
  if (!ask) return fail(invalid_next_token());
  return ask;
}

}  // namespace lapwing::logs
