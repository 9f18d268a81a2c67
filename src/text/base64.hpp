// Base64, RFC 4648 section 4: the standard alphabet with padding.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace lapwing::text {

std::string base64_encode(ByteView bytes);
std::string base64_encode(std::string_view bytes);
void append_base64(std::string& out, std::string_view bytes);

// Strict: whole groups of four, padding only at the end, unused bits zero, nothing else
// (no line breaks). The error is kInvalid and names the position.
Result<std::string> base64_decode(std::string_view text);

// URL-safe alphabet without padding (section 5), as opaque tokens use.
std::string base64url_encode(std::string_view bytes);
Result<std::string> base64url_decode(std::string_view text);

}  // namespace lapwing::text
