// Tags of topics, checked in SNS's words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gen/sns/errors.hpp"
#include "gen/sns/shape/tag.hpp"
#include "resources/tags.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {

inline Result<resources::Tags> read_tags(const std::vector<gen::sns::Tag>& given) {
  resources::Tags out;
  for (const gen::sns::Tag& tag : given) {
    if (!out.emplace(tag.key, tag.value).second) {
      return fail(invalid("Duplicated keys are not allowed."));
    }
  }
  return out;
}

inline Status check_tags(const resources::Tags& tags) {
  const auto fault = resources::check_tags(tags);
  if (!fault) return {};
  if (fault->problem == resources::TagProblem::kTooMany) {
    return fail(gen::sns::errors::tag_limit_exceeded(
        "Could not complete request: tag quota of per resource exceeded"));
  }
  if (fault->problem == resources::TagProblem::kKeyReserved) {
    return fail(invalid("aws: prefixed tag key names are not allowed for external use."));
  }
  return fail(invalid("Tags Reason: a key or a value is not allowed"));
}

}  // namespace lapwing::sns
