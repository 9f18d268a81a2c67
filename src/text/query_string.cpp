#include "text/query_string.hpp"

#include "text/limits.hpp"
#include "text/percent.hpp"

namespace lapwing::text {

Result<QueryString> QueryString::parse(std::string_view raw) {
  QueryString query;
  std::optional<Error> problem;
  for_each_raw_pair(raw, [&](std::string_view name, std::string_view value, bool has_equals) {
    if (problem) return;
    if (query.pairs_.size() == kQueryMaxPairs) {
      problem = make_error(ErrorKind::kTooLarge,
                           "More than " + std::to_string(kQueryMaxPairs) + " parameters");
      return;
    }
    auto decoded_name = form_decode(name);
    auto decoded_value = form_decode(value);
    if (!decoded_name || !decoded_value) {
      problem = decoded_name ? decoded_value.error() : decoded_name.error();
      return;
    }
    query.pairs_.push_back({std::move(*decoded_name), std::move(*decoded_value), has_equals});
  });
  if (problem) return fail(std::move(*problem));
  return query;
}

std::optional<std::string_view> QueryString::get(std::string_view name) const {
  for (const QueryPair& pair : pairs_) {
    if (pair.name == name) return pair.value;
  }
  return std::nullopt;
}

}  // namespace lapwing::text
