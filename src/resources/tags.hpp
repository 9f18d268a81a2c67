// Tags as almost every service has them: at most 50, keys of 1 to 128 characters that do not begin
// with "aws:", values of at most 256. Each service says what is wrong in its own words.
//
// Source: AWS's general reference, "Tag naming limits and requirements".
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::resources {

using Tags = std::map<std::string, std::string>;

inline constexpr std::size_t kTagsMax = 50;
inline constexpr std::size_t kTagKeyCharactersMax = 128;
inline constexpr std::size_t kTagValueCharactersMax = 256;

enum class TagProblem {
  kTooMany,
  kKeyEmpty,
  kKeyTooLong,
  kKeyReserved,   // begins with "aws:", in any case
  kKeyCharacter,  // other than letters, digits, spaces and _ . : / = + - @
  kValueTooLong,
  kValueCharacter,
};

struct TagFault {
  TagProblem problem;
  std::string key;  // the tag it is about; empty for kTooMany
  std::string value;
};

// Begins with "aws:", in any case: nobody but AWS gives such keys.
bool is_reserved_tag_key(std::string_view key);

// The first fault of `tags`; nothing when all is well.
std::optional<TagFault> check_tags(const Tags& tags);

// What the tag breaks, for those who have no words of AWS's for it: "NAME: keys hold 1 to 128 ...".
std::string tag_rule(const TagFault& fault);

// `tags` with `added` put over them; checked as a whole by the caller.
void add_tags(Tags& tags, const Tags& added);
void remove_tags(Tags& tags, const std::vector<std::string>& keys);

}  // namespace lapwing::resources
