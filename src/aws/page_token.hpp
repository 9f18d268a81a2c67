// Tokens of pages: where the page before ended, opaque so that nobody relies on what is inside.
//
//   std::string token = write_page_token("sqs.ListQueues prefix", position);
//   Result<std::string> position = read_page_token("sqs.ListQueues prefix", token);
//
// A token holds for the list it was made for (its first argument: the operation and what it was
// asked), and for this version of the format. It is no secret and no permission.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::aws {

inline constexpr std::size_t kPageTokenBytesMax = 8 * 1024;

std::string write_page_token(std::string_view list, std::string_view position);
// kInvalid for what is no token of this list; each service says it in its own words.
Result<std::string> read_page_token(std::string_view list, std::string_view token);

}  // namespace lapwing::aws
