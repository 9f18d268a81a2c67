// Tags as EC2 takes and shows them.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gen/ec2/shape/tag.hpp"
#include "gen/ec2/shape/tag_specification.hpp"
#include "resources/tags.hpp"

namespace lapwing::ec2 {

// The tags for a resource of this type ("vpc"); one for another type is refused.
Result<resources::Tags> tags_for(
    std::string_view type, const std::optional<std::vector<gen::ec2::TagSpecification>>& given);
Result<resources::Tags> tags_of(const std::vector<gen::ec2::Tag>& list);
Status check_tags(const resources::Tags& tags);
// Nothing where there are none, as EC2 shows it.
std::optional<std::vector<gen::ec2::Tag>> show_tags(const resources::Tags& tags);

}  // namespace lapwing::ec2
