// The value of one configuration key: how it is read from TOML, from --set, and printed. For
// server/config*.cpp only, as toml++ must not be seen elsewhere.
//
// Thread-safety: plain functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "server/config.hpp"

// Exceptions are how toml++ reports errors; they end in the files that include this.
#include <toml++/toml.h>

namespace lapwing::server::config {

struct Bounds {
  std::int64_t low;
  std::int64_t high;
};

struct Key {
  std::string_view name;
  std::string_view help;
  std::variant<std::string Config::*, bool Config::*, std::int64_t Config::*,
               std::vector<std::string> Config::*>
      member;
  Bounds bounds{0, 0};
  std::string_view choices = {};  // "a|b|c" for strings
};

inline Error invalid(std::string message) {
  return make_error(ErrorKind::kInvalid, std::move(message));
}

Status set_from_toml(Config& config, const Key& key, const toml::node& node);
// Plain, or as printed() has it.
Status set_from_text(Config& config, const Key& key, std::string_view value);
// What ConfigKey says of the values.
std::string allowed(const Key& key);
std::string printed(const Config& config, const Key& key);

}  // namespace lapwing::server::config
