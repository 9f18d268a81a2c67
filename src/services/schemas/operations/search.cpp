#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "services/schemas/limits.hpp"
#include "services/schemas/operations/schemas.hpp"

namespace lapwing::schemas {
namespace {

using Words = std::vector<std::string>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Result<Words> words_of(std::string_view keywords) {
  Words out;
  std::string word;
  for (const char c : lower(keywords) + " ") {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::exchange(word, {}));
    }
  }
  if (out.empty()) return fail(bad_request("Keywords must name something."));
  if (out.size() > kKeywordsMax) {
    return fail(bad_request(fmt::format("Keywords are at most {}.", kKeywordsMax)));
  }
  return out;
}

bool has_all(const std::string& text, const Words& words) {
  return std::ranges::all_of(words, [&](const std::string& word) { return text.contains(word); });
}

// The schema with those of its versions that match; absent where none does. What was read of it is
// added to `bytes`.
Result<std::optional<gen::schemas::SearchSchemaSummary>> look(store::Reader& reader,
                                                              const Schema& schema,
                                                              const Words& words,
                                                              std::size_t& bytes) {
  gen::schemas::SearchSchemaSummary out;
  auto& found = out.schema_versions.emplace();
  resources::ListOptions options{.prefix = VersionTable::prefix(schema),
                                 .limit = kVersionsSearchedAtOnce};
  for (bool more = true; more;) {
    LAPWING_TRY(const auto versions, Versions::list(reader, options));
    for (const Version& each : versions.records) {
      bytes += each.content.size();
      if (!has_all(lower(schema.name + "\n" + each.content), words)) continue;
      found.push_back({.created_date = wall_from_unix_ms(each.created_ms),
                       .schema_version = std::to_string(each.number),
                       .type = each.type});
    }
    more = versions.next.has_value();
    if (more) options.after = *versions.next;
  }
  if (found.empty()) return std::optional<gen::schemas::SearchSchemaSummary>();
  out.registry_name = schema.registry;
  out.schema_arn = schema.arn();
  out.schema_name = schema.name;
  return std::optional(std::move(out));
}

}  // namespace

// One page looks at so many schemas, and reads so much of them, found or not.
Result<gen::schemas::SearchSchemasResponse> search_schemas(
    Core& core, const aws::Call& call, const gen::schemas::SearchSchemasRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(const Words words, words_of(in.keywords));
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked(fmt::format("schemas.SearchSchemas {}/{}", in.registry_name, in.keywords),
                         in.next_token, in.limit));
  using Out = gen::schemas::SearchSchemasResponse;
  return core.read<Out>([&](store::Reader& reader) -> Result<Out> {
    LAPWING_CHECK(get_registry(reader, scope, in.registry_name));
    const std::string prefix = schema_key(scope, in.registry_name, "");
    resources::ListOptions options{.prefix = prefix, .limit = kSearchedAtOnce};
    if (!ask.after.empty()) options.after = prefix + ask.after;
    LAPWING_TRY(const auto page, Schemas::list(reader, options));
    Out out;
    auto& list = out.schemas.emplace();
    std::size_t bytes = 0;
    for (const Schema& each : page.records) {
      LAPWING_TRY(auto found, look(reader, each, words, bytes));
      if (found) list.push_back(*std::move(found));
      const bool last = &each == &page.records.back();
      if (list.size() == ask.limit || bytes >= kSearchedBytes || last) {
        if (!last || page.next) out.next_token = resources::token_after(ask, each.name);
        break;
      }
    }
    return out;
  });
}

}  // namespace lapwing::schemas
