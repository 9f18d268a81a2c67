// Reading this folder's JSON records. What is absent is empty: a member added later is simply
// not there in older records.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "text/json.hpp"

namespace lapwing::lambda {

// The record of `what`, whose format number "v" must be `format`: another one was written by
// another program. The document reads from `bytes`.
Result<text::JsonDocument> parse_stored(std::string_view bytes, std::string_view what,
                                        std::int64_t format);

std::string read_string(const text::JsonValue& from, std::string_view key);
std::int64_t read_integer(const text::JsonValue& from, std::string_view key);
std::uint64_t read_unsigned(const text::JsonValue& from, std::string_view key);
std::optional<std::vector<std::string>> read_strings(const text::JsonValue& from,
                                                     std::string_view key);

}  // namespace lapwing::lambda
