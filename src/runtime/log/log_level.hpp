// ApplicationLogLevel of functions that log as JSON: which of the lines that a function prints,
// in whatever language, are sent to its log.
// Source: AWS Lambda developer guide, "Log-level filtering": a JSON object says its level in its
// member "level"; without one, or with one that is no level, it counts as INFO. What is not a JSON
// object has no level and is sent always.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lapwing::runtime {

enum class ApplicationLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kFatal };

// In any case of letters; WARNING and CRITICAL, as Python's loggers write, are WARN and FATAL.
std::optional<ApplicationLevel> parse_application_level(std::string_view text);

// The level of a JSON object; INFO also for what is none. Reads no further than the object's own
// members, once, without taking it apart.
ApplicationLevel level_of_line(std::string_view line);

// Whether a line is sent where `least` is the least level that is.
bool passes(std::string_view line, ApplicationLevel least);

}  // namespace lapwing::runtime
