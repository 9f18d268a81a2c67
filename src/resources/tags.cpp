#include "resources/tags.hpp"

#include <cctype>

#include <fmt/core.h>

#include "text/utf8.hpp"

namespace lapwing::resources {
namespace {

// Letters and digits of any script: every byte beyond ASCII passes.
bool allowed(std::string_view text) {
  constexpr std::string_view kSigns = " _.:/=+-@";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) == 0 && kSigns.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_reserved_tag_key(std::string_view key) {
  constexpr std::string_view kPrefix = "aws:";
  if (key.size() < kPrefix.size()) return false;
  for (std::size_t i = 0; i < kPrefix.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(key[i])) != kPrefix[i]) return false;
  }
  return true;
}

std::optional<TagFault> check_tags(const Tags& tags) {
  if (tags.size() > kTagsMax) return TagFault{TagProblem::kTooMany, "", ""};
  for (const auto& [key, value] : tags) {
    const auto fault = [&](TagProblem problem) { return TagFault{problem, key, value}; };
    if (key.empty()) return fault(TagProblem::kKeyEmpty);
    if (text::utf8_length(key) > kTagKeyCharactersMax) return fault(TagProblem::kKeyTooLong);
    if (is_reserved_tag_key(key)) return fault(TagProblem::kKeyReserved);
    if (!allowed(key)) return fault(TagProblem::kKeyCharacter);
    if (text::utf8_length(value) > kTagValueCharactersMax) {
      return fault(TagProblem::kValueTooLong);
    }
    if (!allowed(value)) return fault(TagProblem::kValueCharacter);
  }
  return std::nullopt;
}

std::string tag_rule(const TagFault& fault) {
  return fmt::format(
      "{}: keys hold 1 to {} and values at most {} letters, digits, spaces and _ . : / = + - @.",
      text::truncate_utf8(fault.key, kTagKeyCharactersMax), kTagKeyCharactersMax,
      kTagValueCharactersMax);
}

void add_tags(Tags& tags, const Tags& added) {
  for (const auto& [key, value] : added) tags[key] = value;
}

void remove_tags(Tags& tags, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) tags.erase(key);
}

}  // namespace lapwing::resources
