#include "services/iam/tags.hpp"

#include <algorithm>
#include <set>

#include "gen/iam/errors.hpp"
#include "resources/tags.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam {

namespace {

std::string compared(const std::string& key, KeyCase key_case) {
  return key_case == KeyCase::kIgnored ? lower(key) : key;
}

}  // namespace

Status put_tags(Tags& tags, const TagList& given, KeyCase key_case) {
  std::set<std::string> keys;
  for (const gen::iam::Tag& tag : given) {
    if (!keys.insert(compared(tag.key, key_case)).second) {
      return fail(gen::iam::errors::invalid_input(
          "Duplicate tag keys found. Please note that Tag keys are case insensitive."));
    }
    if (resources::is_reserved_tag_key(tag.key)) {
      return fail(
          gen::iam::errors::invalid_input("Tag keys beginning with aws: are reserved for AWS."));
    }
  }
  for (const gen::iam::Tag& tag : given) {
    const auto same = [&](const Tag& each) {
      return compared(each.key, key_case) == compared(tag.key, key_case);
    };
    const auto found = std::ranges::find_if(tags, same);
    if (found != tags.end()) {
      *found = {tag.key, tag.value};
    } else {
      tags.push_back({tag.key, tag.value});
    }
  }
  if (tags.size() > kTagsMax) {
    return fail(
        gen::iam::errors::limit_exceeded("The number of tags has reached the maximum limit."));
  }
  return {};
}

void remove_tags(Tags& tags, const std::vector<std::string>& keys, KeyCase key_case) {
  std::set<std::string> gone;
  for (const std::string& key : keys) gone.insert(compared(key, key_case));
  std::erase_if(tags, [&](const Tag& tag) { return gone.contains(compared(tag.key, key_case)); });
}

TagList show_tags(const Tags& tags) {
  TagList out;
  for (const Tag& tag : tags) out.push_back({tag.key, tag.value});
  return out;
}

std::optional<TagList> show_some_tags(const Tags& tags) {
  return tags.empty() ? std::nullopt : std::optional(show_tags(tags));
}

}  // namespace lapwing::iam
