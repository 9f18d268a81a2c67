// What stands between the quotes of a JSON string, decoded.
#pragma once

#include <string_view>

namespace lapwing::text {

// `raw` has been read by JsonScanner, which checks the escapes. Writes at most raw.size() bytes and
// returns the end of what it wrote.
char* json_unescape(std::string_view raw, char* out);

}  // namespace lapwing::text
