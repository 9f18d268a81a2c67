// Tags of queues, checked in SQS's words.
#pragma once

#include <string_view>

#include <fmt/core.h>

#include "gen/sqs/errors.hpp"
#include "resources/tags.hpp"

namespace lapwing::sqs {

inline Status check_tags(const resources::Tags& tags, std::string_view queue) {
  const auto fault = resources::check_tags(tags);
  if (!fault) return {};
  if (fault->problem == resources::TagProblem::kTooMany) {
    return fail(gen::sqs::errors::invalid_parameter_value(
        fmt::format("Too many tags added for queue {}.", queue)));
  }
  if (fault->problem == resources::TagProblem::kKeyReserved) {
    return fail(gen::sqs::errors::invalid_parameter_value(
        "aws: prefixed tag key names are not allowed for external use."));
  }
  return fail(gen::sqs::errors::invalid_parameter_value("The tag is invalid: " +
                                                        resources::tag_rule(*fault)));
}

}  // namespace lapwing::sqs
