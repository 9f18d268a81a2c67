#include "resources/pages.hpp"

#include "aws/page_token.hpp"

namespace lapwing::resources {

Result<PageAsk> page_ask(std::string list, const std::optional<std::string>& token,
                         std::size_t limit) {
  PageAsk ask{std::move(list), limit, ""};
  if (token) {
    LAPWING_TRY(ask.after, aws::read_page_token(ask.list, *token));
  }
  return ask;
}

std::string token_after(const PageAsk& ask, std::string_view last) {
  return aws::write_page_token(ask.list, last);
}

}  // namespace lapwing::resources
