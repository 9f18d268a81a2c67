#include <map>
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

}  // namespace

int run_config() {
  const std::map<std::string_view, std::string> here = machine_defaults();
  for (const ConfigKey& key : config_keys()) {
    fmt::print("# {}\n", key.help);
    const auto computed = here.find(key.name);
    if (!key.allowed.empty()) fmt::print("# {}\n", key.allowed);
    if (computed != here.end()) {
      fmt::print("# {} means {} on this machine\n", key.default_value, computed->second);
    }
    fmt::print("{} = {}\n\n", key.name, key.default_value);
  }
  fmt::print("{}", kCredentialsExample);
  return 0;
}

}  // namespace lapwing::server
