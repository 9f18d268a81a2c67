// Percent encoding, RFC 3986.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::text {

// A-Z a-z 0-9 - . _ ~
bool is_unreserved(char c);

// AWS's UriEncode: everything but the unreserved set becomes %XX with capital digits, a
// space %20; '/' is kept where encode_slash is false.
std::string uri_encode(std::string_view text, bool encode_slash = true);
void append_uri_encoded(std::string& out, std::string_view text, bool encode_slash = true);

// %XX decoded, everything else kept ('+' stays '+'). kInvalid for a '%' that is not followed
// by two hexadecimal digits.
Result<std::string> percent_decode(std::string_view text);
// The same for query strings and form bodies, where '+' means a space.
Result<std::string> form_decode(std::string_view text);
// Never fails: a '%' that introduces nothing stays as it is.
std::string percent_decode_lenient(std::string_view text);

}  // namespace lapwing::text
