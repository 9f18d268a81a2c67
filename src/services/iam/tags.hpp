// Tags as IAM has them. Keys of users and roles are the same whatever their case, and keep the case
// they came in; those of everything else differ by case.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gen/iam/shape/tag.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

using TagList = std::vector<gen::iam::Tag>;

enum class KeyCase { kIgnored, kTells };

// `given` over what is there; InvalidInput for a key that comes twice, LimitExceeded beyond
// kTagsMax.
Status put_tags(Tags& tags, const TagList& given, KeyCase key_case);
void remove_tags(Tags& tags, const std::vector<std::string>& keys, KeyCase key_case);
TagList show_tags(const Tags& tags);
// Nothing where there are none.
std::optional<TagList> show_some_tags(const Tags& tags);

}  // namespace lapwing::iam
