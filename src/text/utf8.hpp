// UTF-8: validation, repair, cutting without breaking a character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lapwing::text {

bool is_valid_utf8(std::string_view text);
// Length of the longest valid prefix.
std::size_t valid_utf8_prefix(std::string_view text);
// Length in bytes of the well-formed character `text` begins with, 0 if there is none.
std::size_t utf8_sequence_length(std::string_view text);
// Each maximal ill-formed part becomes one U+FFFD, as the Unicode standard recommends.
std::string replace_invalid_utf8(std::string_view text);
// At most max_bytes, never in the middle of a character.
std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes);
// Characters (code points); ill-formed bytes count as one each.
std::size_t utf8_length(std::string_view text);
// `code_point` must be a Unicode scalar value.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace lapwing::text
