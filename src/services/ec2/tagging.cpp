#include "services/ec2/tagging.hpp"

#include <fmt/core.h>

#include "services/ec2/limits.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {

Status check_tags(const resources::Tags& tags) {
  if (tags.size() > kTagsMax) {
    return fail(failure(ErrorKind::kTooLarge, "TagLimitExceeded",
                        fmt::format("More than {} tags specified", kTagsMax)));
  }
  for (const auto& [key, value] : tags) {
    const auto fault = resources::check_tags({{key, value}});
    if (!fault) continue;
    // Any character may stand in a tag here.
    if (fault->problem == resources::TagProblem::kKeyCharacter ||
        fault->problem == resources::TagProblem::kValueCharacter) {
      continue;
    }
    if (fault->problem == resources::TagProblem::kKeyReserved) {
      return fail(invalid_value(fmt::format(
          "Value ( {} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved "
          "for internal use",
          key)));
    }
    return fail(invalid_value(resources::tag_rule(*fault)));
  }
  return {};
}

Result<resources::Tags> tags_of(const std::vector<gen::ec2::Tag>& list) {
  resources::Tags out;
  for (const gen::ec2::Tag& each : list) {
    if (!each.key) return fail(missing("Tag.Key"));
    out[*each.key] = each.value.value_or("");
  }
  LAPWING_CHECK(check_tags(out));
  return out;
}

Result<resources::Tags> tags_for(
    std::string_view type, const std::optional<std::vector<gen::ec2::TagSpecification>>& given) {
  resources::Tags out;
  if (!given) return out;
  for (const gen::ec2::TagSpecification& each : *given) {
    if (each.resource_type != type) {
      return fail(invalid_value(
          fmt::format("'{}' is not a valid taggable resource type for this operation.",
                      each.resource_type.value_or(""))));
    }
    if (!each.tags) continue;
    LAPWING_TRY(const resources::Tags more, tags_of(*each.tags));
    resources::add_tags(out, more);
  }
  LAPWING_CHECK(check_tags(out));
  return out;
}

std::optional<std::vector<gen::ec2::Tag>> show_tags(const resources::Tags& tags) {
  if (tags.empty()) return std::nullopt;
  std::vector<gen::ec2::Tag> out;
  for (const auto& [key, value] : tags) {
    gen::ec2::Tag tag;
    tag.key = key;
    tag.value = value;
    out.push_back(std::move(tag));
  }
  return out;
}

}  // namespace lapwing::ec2
