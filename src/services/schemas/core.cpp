#include "services/schemas/core.hpp"

#include <charconv>

#include <fmt/core.h>

#include "services/schemas/limits.hpp"

namespace lapwing::schemas {
namespace {

// Absent for what is no number of a version.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || out < 1 || text.front() == '0') return std::nullopt;
  return out;
}

}  // namespace

Result<Registry> get_registry(store::Reader& reader, const aws::Scope& scope,
                              std::string_view name) {
  LAPWING_TRY(auto found, Registries::find(reader, resources::scoped_key(scope, name)));
  if (!found) return fail(no_such_registry(name));
  return std::move(found->record);
}

Result<Schema> get_schema(store::Reader& reader, const aws::Scope& scope, std::string_view registry,
                          std::string_view name) {
  LAPWING_CHECK(get_registry(reader, scope, registry));
  LAPWING_TRY(auto found, Schemas::find(reader, schema_key(scope, registry, name)));
  if (!found) return fail(no_such_schema(name));
  return std::move(found->record);
}

Result<Version> get_version(store::Reader& reader, const Schema& of,
                            const std::optional<std::string>& number) {
  if (number) {
    const auto wanted = number_of(*number);
    if (!wanted) return fail(no_such_version(of.name, *number));
    LAPWING_TRY(auto found, Versions::find(reader, VersionTable::key(of, *wanted)));
    if (!found) return fail(no_such_version(of.name, *number));
    return std::move(found->record);
  }
  LAPWING_TRY(auto page, Versions::list(reader, {.prefix = VersionTable::prefix(of),
                                                 .limit = 1,
                                                 .order = store::Order::kDescending}));
  if (page.records.empty()) return fail(no_such_version(of.name, "latest"));
  return std::move(page.records.front());
}

Result<resources::PageAsk> page_asked(std::string list, const std::optional<std::string>& token,
                                      const std::optional<std::int32_t>& limit) {
  const std::int32_t most = limit.value_or(kPageMax);
  if (most < 1 || most > kPageMax) {
    return fail(bad_request(fmt::format("Limit must be between 1 and {}.", kPageMax)));
  }
  auto ask = resources::page_ask(std::move(list), token, static_cast<std::size_t>(most));
  if (!ask) return fail(bad_request("NextToken is not valid."));
  return ask;
}

Status check_tags(const resources::Tags& tags) {
  const auto fault = resources::check_tags(tags);
  if (!fault) return {};
  if (fault->problem == resources::TagProblem::kTooMany) {
    return fail(bad_request(fmt::format("A resource has at most {} tags.", resources::kTagsMax)));
  }
  return fail(bad_request(resources::tag_rule(*fault)));
}

}  // namespace lapwing::schemas
