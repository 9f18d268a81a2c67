// Pages of 100, in SNS's words.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "resources/pages.hpp"
#include "services/sns/limits.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {

inline Result<resources::PageAsk> page_asked(std::string list,
                                             const std::optional<std::string>& token,
                                             std::size_t limit = kPageMax) {
  const bool first = !token || token->empty();
  auto ask = resources::page_ask(std::move(list), first ? std::nullopt : token, limit);
  if (!ask) return fail(invalid("NextToken"));
  return ask;
}

}  // namespace lapwing::sns
