// The server's configuration: its own settings, and the values of those that rooms and services
// declare (base/settings.hpp). The parser, the command line (--set key=value), `lapwing config` and
// the manual come from the declarations.
//
// Order of precedence: --set and the named flags, then the file (--config, TOML), then the
// defaults. An unknown key is refused: nothing is accepted and ignored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"

namespace lapwing::server {

struct StaticCredential {
  std::string access_key_id;
  std::string secret_access_key;
  std::string account;    // 12 digits
  std::string principal;  // ARN; the account's root when empty
};

inline constexpr char kDefaultListen[] = "127.0.0.1:4566";

struct Config {
  std::string listen = kDefaultListen;
  std::string data_dir;  // default: $XDG_DATA_HOME or ~/.local/share, then /lapwing
  std::string auth = "off";
  bool insecure = false;
  std::vector<std::string> hosts;
  std::string log_level = "info";
  std::string clock = "system";
  std::int64_t loops = 0;  // 0: half the cores, at least one
  std::int64_t spin_us = 75;
  std::int64_t workers = 0;  // 0: the cores, at least two
  std::int64_t connections_max = 10'000;
  std::int64_t payloads_mb = 1'024;
  std::int64_t disk_reserve_mb = 0;  // 0: 4 % of the file system, within bounds
  std::int64_t metrics_functions = 50;
  std::string metrics_signed = "auto";
  std::vector<StaticCredential> credentials;
  // Of rooms and services.
  SettingValues others;

  // The server's own.
  void visit(SettingVisitor& to);
  // What a room or service has, as set.
  template <class Owner>
  Owner read() const {
    return others.read<Owner>();
  }
};

// Every setting of this server: its own, those of the rooms, those of the services.
void visit_settings(Config& config, SettingVisitor& to);

// One configuration key, for help and documentation.
struct ConfigKey {
  std::string_view name;  // "engine.idle_seconds"
  std::string_view help;
  std::string_view unit;      // "s"; "" where there is none
  std::string_view example;   // as TOML, "" where the default says enough
  std::string allowed;        // "one of: a, b" or "0 to 256"; "" where the type says all
  std::string default_value;  // as TOML, which --set takes too
  std::string here;           // what the default stands for on this machine, where it does not say
};

// With the values of `config`, on such a machine.
std::vector<ConfigKey> config_keys(const Config& config = {}, const MachineSizes& machine = {});

// Applies "key=value" as --set gives it: plain (`a,b` for lists), or as `lapwing config` prints it
// and a file holds it (`["a", "b"]`). kInvalid with the reason and what is allowed.
Status apply_setting(Config& config, std::string_view key_and_value);

// Reads a TOML file into `config`. kInvalid names the line and the key.
Status load_config_file(Config& config, const std::string& path);

// Checks what needs more than one key, and fills in what depends on the machine.
Status finish_config(Config& config);

// "HOST:PORT", "[::1]:4566" or ":4566" into host and port. kInvalid otherwise.
Result<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view listen);

bool is_loopback(std::string_view host);

}  // namespace lapwing::server
