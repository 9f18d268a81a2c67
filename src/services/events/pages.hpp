// Pages of lists, in EventBridge's words.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "resources/pages.hpp"
#include "services/events/limits.hpp"
#include "services/events/shelf.hpp"
#include "services/events/words.hpp"

namespace lapwing::events {

inline Result<resources::PageAsk> page_asked(std::string list,
                                             const std::optional<std::string>& token,
                                             const std::optional<std::int32_t>& limit) {
  auto ask = resources::page_ask(std::move(list), token,
                                 static_cast<std::size_t>(limit.value_or(kPageMax)));
  if (!ask) return fail(invalid_parameter("NextToken", "Provided pagination token is invalid."));
  return ask;
}

// Of a shelf: those whose keys begin with `scope` and then `prefix`.
template <class Spec>
resources::Paged<typename Shelf<Spec>::Ptr> page_of(
    const Shelf<Spec>& shelf, const resources::PageAsk& ask, const std::string& scope,
    const std::optional<std::string>& prefix,
    FunctionRef<bool(const typename Spec::Record&)> wanted) {
  const std::string start = scope + prefix.value_or("");
  const std::string after = ask.after.empty() ? std::string() : scope + ask.after;
  return resources::cut_page(
      shelf.list(start, after, ask.limit + 1, wanted), ask,
      [&](const typename Shelf<Spec>::Ptr& last) { return Spec::key(*last).substr(scope.size()); });
}

}  // namespace lapwing::events
