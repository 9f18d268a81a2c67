// The server's configuration: declared once, with help, default and bounds. The parser, the
// command line (--set key=value), `lapwing config` and the manual come from one table.
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

namespace lapwing::server {

struct StaticCredential {
  std::string access_key_id;
  std::string secret_access_key;
  std::string account;    // 12 digits
  std::string principal;  // ARN; the account's root when empty
};

struct Config {
  std::string listen = "127.0.0.1:4566";
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
  bool require_isolation = false;
  std::string cpu = "weight";
  std::string network = "auto";
  bool network_host_allowed = false;
  std::string network_range;  // "": one is chosen
  std::vector<std::string> network_deny;
  std::string endpoint = "auto";
  std::int64_t tmp_mib_per_second = 256;    // 0: as fast as it can
  std::int64_t tmp_all_mib_per_second = 0;  // 0: 128 for each processor
  std::int64_t processes_max = 0;           // 0: a part of the machine's
  std::int64_t connections_out = 0;         // 0: half of what the machine can remember
  bool runtimes_strict = false;
  std::string runtimes_retired = "accept";
  std::vector<std::string> runtimes_prefixes;
  std::int64_t environments_max = 3'000;
  std::int64_t memory_mb_max = 0;  // 0: three quarters of the machine
  std::int64_t idle_seconds = 600;
  bool standby = true;
  std::string templates = "account";
  std::int64_t standby_ready = 4;
  std::int64_t standby_expected_max = 256;
  std::int64_t standby_max = 16;
  std::int64_t standby_memory_mb = 1024;
  std::int64_t snapshots_mb = 10'240;
  std::int64_t init_timeout_ms = 10'000;
  std::int64_t concurrency = 1'000;
  std::int64_t stream_mib_max = 200;
  std::int64_t stream_kib_per_second = 2'048;  // 0: no limit
  std::int64_t stream_burst_kib = 6'144;
  std::int64_t scaling_rate = 1'000;
  std::int64_t requests_per_concurrency = 10;
  std::int64_t recycle_seconds = 14'400;
  std::int64_t running_enough = 2;
  std::int64_t start_patience_ms = 20;
  std::int64_t memory_reserve_mb = 0;  // 0: a twentieth of the machine
  std::int64_t metrics_functions = 50;
  std::string metrics_signed = "auto";
  std::int64_t disk_reserve_mb = 0;                // 0: 4 % of the file system, within bounds
  std::int64_t logs_mb = 0;                        // 0: a quarter of the file system
  std::int64_t logs_function_mb = 0;               // 0: half of all logs
  std::int64_t logs_function_mib_per_second = 16;  // 0: no limit
  std::int64_t sqs_mb = 0;                         // 0: a quarter of the file system
  std::vector<std::string> images_layouts;
  std::vector<std::string> images_insecure;
  std::vector<std::string> images_mirrors;  // "FROM=TO"
  std::string images_credentials_file;
  std::string images_ca_file;
  std::vector<StaticCredential> credentials;
};

// One configuration key, for help and documentation.
struct ConfigKey {
  std::string_view name;  // "engine.idle_seconds"
  std::string_view help;
  std::string allowed;        // "one of: a, b" or "0 to 256"; "" where the type says all
  std::string default_value;  // as TOML, which --set takes too
};

// With the values of `config`.
std::vector<ConfigKey> config_keys(const Config& config = {});

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
