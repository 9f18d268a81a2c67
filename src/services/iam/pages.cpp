#include "services/iam/pages.hpp"

#include <utility>

#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"

namespace lapwing::iam {

Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& marker,
                         const std::optional<std::int32_t>& max_items) {
  auto ask = resources::page_ask(std::move(list), marker,
                                 static_cast<std::size_t>(max_items.value_or(kPageItemsDefault)));
  if (!ask) return fail(errors::validation("Invalid Marker."));
  return ask;
}

}  // namespace lapwing::iam
