// Tags of rules and buses, checked in EventBridge's words.
#pragma once

#include <optional>
#include <vector>

#include "gen/events/shape/tag.hpp"
#include "resources/tags.hpp"
#include "services/events/words.hpp"

namespace lapwing::events {

inline resources::Tags tags_of(const std::optional<std::vector<gen::events::Tag>>& list) {
  resources::Tags out;
  if (!list) return out;
  for (const gen::events::Tag& tag : *list) out.insert_or_assign(tag.key, tag.value);
  return out;
}

inline Status check_tags(const resources::Tags& tags) {
  const auto fault = resources::check_tags(tags);
  if (!fault) return {};
  if (fault->problem == resources::TagProblem::kTooMany) return fail(too_many());
  return fail(invalid(resources::tag_rule(*fault)));
}

}  // namespace lapwing::events
