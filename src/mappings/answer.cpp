#include "mappings/answer.hpp"

#include <algorithm>
#include <unordered_map>

#include "mappings/limits.hpp"
#include "text/json.hpp"

namespace lapwing::mappings {

std::optional<std::vector<std::size_t>> failed_items(std::string_view answer,
                                                     const std::vector<std::string_view>& ids) {
  using Items = std::vector<std::size_t>;
  if (answer.empty() || answer == "null" || answer == "\"\"" || answer == "{}") return Items();
  if (answer.size() > kAnswerBytesMax) return std::nullopt;
  const auto document = text::parse_json(answer);
  if (!document) return std::nullopt;
  const text::JsonValue& root = document->root();
  if (root.is_null() || (root.is_string() && root.as_string().empty())) return Items();
  if (!root.is_object()) return std::nullopt;
  const text::JsonValue* const failures = root.find("batchItemFailures");
  if (failures == nullptr || failures->is_null()) return Items();
  if (!failures->is_array()) return std::nullopt;
  Items out;
  if (failures->items().empty()) return out;
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < ids.size(); ++i) index.emplace(ids[i], i);
  for (const text::JsonValue& each : failures->items()) {
    const text::JsonValue* const id = each.is_object() ? each.find("itemIdentifier") : nullptr;
    if (id == nullptr || !id->is_string()) return std::nullopt;
    const auto found = index.find(id->as_string());
    if (found == index.end()) return std::nullopt;
    out.push_back(found->second);
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

}  // namespace lapwing::mappings
