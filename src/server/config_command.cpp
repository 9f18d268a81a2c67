#include <string>
#include <string_view>

#include <fmt/core.h>

#include "server/commands.hpp"
#include "server/machine_defaults.hpp"

namespace lapwing::server {
namespace {

// Tables stand behind all keys in TOML.
constexpr const char* kCredentialsExample =
    "# who may sign requests with auth = \"verify\": as often as there are keys, in a --config "
    "file only\n"
    "# [[credentials]]\n"
    "# access_key_id = \"AKIDEXAMPLE\"\n"
    "# secret_access_key = \"a secret of your own\"\n"
    "# account = \"000000000000\"  # 12 digits; this one where none is said\n"
    "# principal = \"arn:aws:iam::000000000000:user/deployment\"  # the account's root where none "
    "is said\n";

// "0 to 1024 (MiB)".
std::string allowed(const ConfigKey& key) {
  if (key.unit.empty()) return key.allowed;
  return fmt::format("{} ({})", key.allowed, key.unit);
}

std::string in_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\\');
  }
  return text;
}

}  // namespace

// docs/settings.md, which is the same on every machine.
int run_config_page() {
  fmt::print(
      "# Settings\n\n"
      "Made by `lapwing config --markdown`. Each goes into a `--config` file (TOML) or behind "
      "`--set`;\n"
      "`lapwing config` says besides what a default stands for on the machine.\n\n"
      "| setting | default | values | what |\n|---|---|---|---|\n");
  for (const ConfigKey& key : config_keys()) {
    std::string help(key.help);
    if (!key.example.empty()) help += fmt::format("; for example `{}`", key.example);
    fmt::print("| `{}` | `{}` | {} | {} |\n", key.name, key.default_value, in_cell(allowed(key)),
               in_cell(std::move(help)));
  }
  return 0;
}

int run_config() {
  Config here;
  const bool has_home = finish_config(here).has_value();  // without, there is no data directory
  for (const ConfigKey& key : config_keys({}, machine_sizes(here.data_dir))) {
    fmt::print("# {}\n", key.help);
    if (!key.allowed.empty()) fmt::print("# {}\n", allowed(key));
    if (!key.example.empty()) fmt::print("# for example {}\n", key.example);
    if (key.name == "data_dir" && has_home) {
      fmt::print("# {} means \"{}\" on this machine\n", key.default_value, here.data_dir);
    } else if (!key.here.empty()) {
      fmt::print("# {} means {} on this machine\n", key.default_value, key.here);
    }
    fmt::print("{} = {}\n\n", key.name, key.default_value);
  }
  fmt::print("{}", kCredentialsExample);
  return 0;
}

}  // namespace lapwing::server
