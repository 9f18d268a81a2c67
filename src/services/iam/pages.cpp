#include "services/iam/pages.hpp"

#include "aws/page_token.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"

namespace lapwing::iam {

Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& marker,
                         const std::optional<std::int32_t>& max_items) {
  PageAsk ask{std::move(list), static_cast<std::size_t>(max_items.value_or(kPageItemsDefault)), ""};
  if (marker) {
    auto position = aws::read_page_token(ask.list, *marker);
    if (!position) return fail(errors::validation("Invalid Marker."));
    ask.after = *std::move(position);
  }
  return ask;
}

std::string marker_after(const PageAsk& ask, std::string_view last) {
  return aws::write_page_token(ask.list, last);
}

}  // namespace lapwing::iam
