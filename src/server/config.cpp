#include "server/config.hpp"

#include <charconv>
#include <errno.h>
#include <sstream>
#include <stdlib.h>
#include <string.h>
#include <thread>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "server/config_value.hpp"

namespace lapwing::server {

using config::invalid;
using config::Key;

namespace {

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      {"listen", "address and port of the API", &Config::listen},
      {"data_dir", "where everything durable lives", &Config::data_dir},
      {"auth",
       "who may call: anyone, verified signatures, or verified and authorised (enforce, which is "
       "not "
       "built yet)",
       &Config::auth,
       {},
       "off|verify|enforce"},
      {"insecure", "allow listening beyond loopback, though policies are not enforced",
       &Config::insecure},
      {"server.hosts", "further host names under which clients may address this server",
       &Config::hosts},
      {"log.level",
       "least level written to stderr",
       &Config::log_level,
       {},
       "debug|info|warn|error"},
      {"clock",
       "what services wait by (delays, retention, schedules): system, or manual, a clock that only "
       "`lapwing clock advance` moves, for tests; functions keep real time",
       &Config::clock,
       {},
       "system|manual"},
      {"server.loops", "event loops; 0 means half the cores", &Config::loops, {0, 256}},
      {"server.spin_us",
       "how long a loop looks for answers before it sleeps: halves the time of a fast function",
       &Config::spin_us,
       {0, 1'000}},
      {"server.workers",
       "threads for control-plane operations; 0 means the cores",
       &Config::workers,
       {0, 1024}},
      {"server.connections_max",
       "open client connections",
       &Config::connections_max,
       {16, 1'000'000}},
      {"server.payloads_mb",
       "memory for events of invocations at work, of which each caller has its share",
       &Config::payloads_mb,
       {64, 1 << 20}},
      {"sandbox.require_isolation", "refuse to start when anything cannot be enforced",
       &Config::require_isolation},
      {"sandbox.cpu",
       "share the machine by weight, or limit by memory size as AWS",
       &Config::cpu,
       {},
       "weight|quota"},
      {"sandbox.network",
       "what functions reach besides Lapwing itself: none; nat, everything but this machine and "
       "one another; host, this machine too (by its addresses, and its loopback as "
       "host.lapwing.internal). auto is nat where it can be had (root), else none. A function's "
       "tag "
       "lapwing:network=MODE goes before it",
       &Config::network,
       {},
       "auto|nat|none|host"},
      {"sandbox.network_host_allowed", "let functions be tagged lapwing:network=host",
       &Config::network_host_allowed},
      {"sandbox.network_range",
       "IPv4 network for functions, of prefix length 19 or less; empty: one without a route here",
       &Config::network_range},
      {"sandbox.network_deny",
       "networks no function reaches, besides loopback, link-local and metadata addresses",
       &Config::network_deny},
      {"sandbox.endpoint",
       "whether functions reach this server's API: open; closed, but for the Runtime API and "
       "their own credentials; auto is closed for those whose network is said to be none. A "
       "function's tag lapwing:endpoint=open|closed goes before it",
       &Config::endpoint,
       {},
       "auto|open|closed"},
      {"sandbox.tmp_mib_per_second",
       "how fast an environment may write to /tmp, and read what is not in memory, after a burst "
       "of "
       "512 MiB; beyond, it is paused now and then. 0: as fast as it can",
       &Config::tmp_mib_per_second,
       {0, 1'000'000}},
      {"sandbox.tmp_all_mib_per_second",
       "the same for all environments together, of which those that take little are not paused. 0: "
       "128 for each processor",
       &Config::tmp_all_mib_per_second,
       {0, 1'000'000}},
      {"sandbox.processes_max",
       "processes and threads of all functions; 0: 9/16 of what the machine can have, and 3/16 "
       "more "
       "for environments with few",
       &Config::processes_max,
       {0, 4'194'304}},
      {"sandbox.connections_max",
       "connections out of all functions, beyond which each may open few more; 0: half of what the "
       "machine can remember (nf_conntrack_max)",
       &Config::connections_out,
       {0, 1 << 30}},
      {"runtimes.strict", "refuse a runtime whose exact version is missing",
       &Config::runtimes_strict},
      {"runtimes.retired",
       "runtimes that AWS has retired: accept them where this machine serves them, or refuse them "
       "in AWS's words for what is created or updated",
       &Config::runtimes_retired,
       {},
       "accept|refuse"},
      {"runtimes.prefixes", "further directories that hold bin/python3.x, bin/node or bin/ruby",
       &Config::runtimes_prefixes},
      {"engine.environments_max",
       "execution environments alive at once",
       &Config::environments_max,
       {1, 100'000}},
      {"engine.memory_mb_max",
       "sum of MemorySize of busy environments; 0: 3/4 of the machine",
       &Config::memory_mb_max,
       {0, 1 << 30}},
      {"engine.idle_seconds",
       "an idle environment goes away after this",
       &Config::idle_seconds,
       {1, 86'400}},
      {"engine.init_timeout_ms",
       "limit of the initialisation phase",
       &Config::init_timeout_ms,
       {100, 900'000}},
      {"starts.standby", "keep environments of the runtimes in use ready for any function",
       &Config::standby},
      {"starts.templates",
       "fork interpreters that can be forked (Python's, Ruby's) instead of starting them: from a "
       "template for each account; from one shared by all, whose children know one another's seed "
       "of hashes and addresses; or not",
       &Config::templates,
       {},
       "account|shared|off"},
      {"starts.ready",
       "environments kept ready of each runtime in use; fewer where one takes much memory",
       &Config::standby_ready,
       {0, 1024}},
      {"starts.ready_max",
       "the same at most, after bursts of cold starts",
       &Config::standby_max,
       {0, 4096}},
      {"starts.expected_max",
       "the same at most, for functions just created and not called yet",
       &Config::standby_expected_max,
       {0, 4096}},
      {"starts.memory_mb",
       "memory that environments kept ready may take, as estimated",
       &Config::standby_memory_mb,
       {0, 1 << 30}},
      {"snapshots.disk_mb",
       "disk space of all snapshots (SnapStart) together; those not used for longest go first",
       &Config::snapshots_mb,
       {0, 1 << 30}},
      {"engine.concurrency",
       "concurrent executions of an account and region",
       &Config::concurrency,
       {1, 1'000'000}},
      {"streaming.mib_max", "size of one streamed response", &Config::stream_mib_max, {1, 1 << 20}},
      {"streaming.kib_per_second",
       "bandwidth of one streamed response after its burst, as AWS; 0: no limit",
       &Config::stream_kib_per_second,
       {0, 1 << 30}},
      {"streaming.burst_kib",
       "what a streamed response may send before its bandwidth counts",
       &Config::stream_burst_kib,
       {64, 1 << 30}},
      {"engine.scaling_rate",
       "environments a function may add in ten seconds; 0: any number",
       &Config::scaling_rate,
       {0, 1'000'000}},
      {"engine.requests_per_concurrency",
       "requests a second for each reserved concurrent execution; 0: any number",
       &Config::requests_per_concurrency,
       {0, 1'000'000}},
      {"engine.recycle_seconds",
       "an environment older than this is replaced",
       &Config::recycle_seconds,
       {1, 31'536'000}},
      {"engine.running_enough",
       "with as many of a quick function at work on each core, more of it waits for one of them, "
       "where "
       "they make each other slower; 0: never",
       &Config::running_enough,
       {0, 1'000}},
      {"engine.start_patience_ms",
       "where all environments of a quick function are seldom at work, an invocation that finds "
       "them so waits this long at most before another is started; 0: never",
       &Config::start_patience_ms,
       {0, 1'000}},
      {"engine.memory_reserve_mb",
       "idle environments end while less is available; 0: 1/20 of the machine",
       &Config::memory_reserve_mb,
       {0, 1 << 30}},
      {"disk.reserve_mb",
       "what stays free of the data directory's file system, so that deletions always work: "
       "packages, images, snapshots and log events take nothing of it, functions' /tmp half; 0: "
       "4 % of the file system, at least 128 MB, at most 2 GB",
       &Config::disk_reserve_mb,
       {0, 1 << 30}},
      {"logs.mb",
       "what all log events together may take of the disk; more of function output is dropped, and "
       "its stream says so; 0: a quarter of the file system",
       &Config::logs_mb,
       {0, 1 << 30}},
      {"logs.function_mb",
       "what one log group may hold, likewise; 0: half of logs.mb",
       &Config::logs_function_mb,
       {0, 1 << 30}},
      {"logs.function_mib_per_second",
       "what one log group may take up a second, likewise, after 16 seconds' worth at once; 0: any "
       "amount",
       &Config::logs_function_mib_per_second,
       {0, 1 << 20}},
      {"images.layouts",
       "directories below which functions may name OCI layouts (oci:, oci-archive:)",
       &Config::images_layouts},
      {"images.insecure",
       "registries (HOST:PORT) asked over plain HTTP, as those on loopback always are",
       &Config::images_insecure},
      {"images.mirrors",
       "FROM=TO: the registry TO is asked for the images of FROM, in which * stands for anything "
       "(*.dkr.ecr.*.amazonaws.com=localhost:5000)",
       &Config::images_mirrors},
      {"images.credentials_file", "config.json of Docker's tools with the logins of registries",
       &Config::images_credentials_file},
      {"images.ca_file",
       "PEM file of authorities that registries' certificates may be of, besides "
       "the system's",
       &Config::images_ca_file},
      {"metrics.signed",
       "with auth = verify, whether /_lapwing/metrics and what /_lapwing/health says beyond ok "
       "need a signature; auto: where the API listens beyond loopback. Functions never get them "
       "then",
       &Config::metrics_signed,
       {},
       "auto|always|never"},
      {"metrics.functions",
       "functions with metrics of their own: the busiest",
       &Config::metrics_functions,
       {0, 10'000}},
  };
  return table;
}

const Key* find_key(std::string_view name) {
  for (const Key& key : keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

Status read_credentials(Config& config, const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return fail(invalid("credentials: write [[credentials]] tables"));
  for (const toml::node& item : *array) {
    const toml::table* table = item.as_table();
    if (table == nullptr) return fail(invalid("credentials: write [[credentials]] tables"));
    StaticCredential credential;
    for (const auto& [name, value] : *table) {
      const auto text = value.value_exact<std::string>();
      const std::string_view key = name.str();
      if (!text) return fail(invalid(fmt::format("credentials.{}: must be a string", key)));
      if (key == "access_key_id")
        credential.access_key_id = *text;
      else if (key == "secret_access_key")
        credential.secret_access_key = *text;
      else if (key == "account")
        credential.account = *text;
      else if (key == "principal")
        credential.principal = *text;
      else
        return fail(invalid(fmt::format("credentials.{}: unknown key", key)));
    }
    if (credential.access_key_id.empty() || credential.secret_access_key.empty()) {
      return fail(invalid("credentials: access_key_id and secret_access_key are needed"));
    }
    config.credentials.push_back(std::move(credential));
  }
  return {};
}

Status read_table(Config& config, const toml::table& table, const std::string& prefix) {
  for (const auto& [name, value] : table) {
    const std::string path = prefix + std::string(name.str());
    if (path == "credentials") {
      LAPWING_CHECK(read_credentials(config, value));
      continue;
    }
    if (const toml::table* inner = value.as_table()) {
      LAPWING_CHECK(read_table(config, *inner, path + "."));
      continue;
    }
    const Key* key = find_key(path);
    if (key == nullptr) {
      return fail(invalid(fmt::format("line {}: unknown key '{}' (`lapwing config` lists them)",
                                      value.source().begin.line, path)));
    }
    if (const Status set = config::set_from_toml(config, *key, value); !set) {
      return fail(
          invalid(fmt::format("line {}: {}", value.source().begin.line, set.error().message())));
    }
  }
  return {};
}

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::vector<ConfigKey> config_keys(const Config& defaults) {
  std::vector<ConfigKey> out;
  for (const Key& key : keys()) {
    out.push_back({key.name, key.help, config::allowed(key), config::printed(defaults, key)});
  }
  return out;
}

Status apply_setting(Config& config, std::string_view key_and_value) {
  const auto equals = key_and_value.find('=');
  if (equals == std::string_view::npos) {
    return fail(invalid(fmt::format(
        "--set {}: write --set key=value (`lapwing config` lists the keys)", key_and_value)));
  }
  const Key* key = find_key(key_and_value.substr(0, equals));
  if (key == nullptr) {
    return fail(invalid(fmt::format("--set {}: unknown key (`lapwing config` lists them)",
                                    key_and_value.substr(0, equals))));
  }
  return config::set_from_text(config, *key, key_and_value.substr(equals + 1));
}

Status load_config_file(Config& config, const std::string& path) {
  // toml++ reads a directory as an empty file, and does not say why a file cannot be opened.
  if (os::is_directory(path)) return fail(invalid(path + ": is a directory, not a TOML file"));
  if (access(path.c_str(), R_OK) != 0) {
    return fail(invalid(fmt::format("{}: cannot be read: {}", path, strerror(errno))));
  }
  try {
    const toml::table table = toml::parse_file(path);
    auto status = read_table(config, table, "");
    if (!status) return fail(invalid(fmt::format("{}: {}", path, status.error().message())));
    return {};
  } catch (const toml::parse_error& error) {
    return fail(invalid(
        fmt::format("{}: line {}: {}", path, error.source().begin.line, error.description())));
  }
}

Result<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(invalid(fmt::format("listen = {}: write HOST:PORT, as in 127.0.0.1:4566", listen)));
  }
  std::string_view host = listen.substr(0, colon);
  const std::string_view port_text = listen.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto [end, ec] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (ec != std::errc() || end != port_text.data() + port_text.size()) {
    return fail(invalid(fmt::format("listen = {}: the port must be 0 to 65535", listen)));
  }
  return std::pair(std::string(host.empty() ? "0.0.0.0" : host), port);
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Status finish_config(Config& config) {
  for (const std::string& mirror : config.images_mirrors) {
    const auto equals = mirror.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == mirror.size()) {
      return fail(invalid(fmt::format("images.mirrors: {}: write FROM=TO", mirror)));
    }
  }
  LAPWING_TRY(const auto address, parse_listen(config.listen));
  if (config.auth == "enforce") {
    // A promise of denial that is not kept would be worse than none.
    return fail(
        invalid("auth = enforce is not built yet: policies are not evaluated. auth = verify checks "
                "signatures; every known key may then do everything in its account"));
  }
  if (!is_loopback(address.first) && !config.insecure) {
    return fail(invalid(fmt::format(
        "listening on {} lets others in, and policies are not enforced yet: say --insecure if you "
        "mean it (best with auth = verify)",
        address.first)));
  }
  if (config.metrics_signed == "always" && config.auth == "off") {
    return fail(invalid("metrics.signed = always: nothing is verified with auth = off"));
  }
  for (StaticCredential& credential : config.credentials) {
    if (credential.account.empty()) credential.account = kDefaultAccount;
    if (!is_account(credential.account)) {
      return fail(invalid("credentials.account: must be 12 digits"));
    }
  }
  if (config.data_dir.empty()) {
    const char* xdg = getenv("XDG_DATA_HOME");
    const char* home = getenv("HOME");
    if (xdg != nullptr && *xdg == '/') {
      config.data_dir = fmt::format("{}/lapwing", xdg);
    } else if (home != nullptr && *home == '/') {
      config.data_dir = fmt::format("{}/.local/share/lapwing", home);
    } else {
      return fail(invalid("neither HOME nor data_dir is set: say --data-dir DIR"));
    }
  }
  const auto cores = static_cast<std::int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  if (config.loops == 0) config.loops = std::max<std::int64_t>(1, cores / 2);
  if (cores == 1) config.spin_us = 0;  // the one waited for needs the processor
  if (config.workers == 0) config.workers = std::max<std::int64_t>(2, cores);
  return {};
}

}  // namespace lapwing::server
