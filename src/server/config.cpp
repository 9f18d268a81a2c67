#include "server/config.hpp"

#include <algorithm>
#include <charconv>
#include <errno.h>
#include <sstream>
#include <stdlib.h>
#include <string.h>
#include <thread>
#include <unistd.h>

#include <fmt/core.h>

#include "base/bytes.hpp"
#include "net/address.hpp"
#include "os/disk_space.hpp"
#include "os/file.hpp"
#include "server/config_value.hpp"
#include "server/rooms.hpp"
#include "server/services.hpp"

namespace lapwing::server {

using config::invalid;

namespace {

std::optional<std::uint64_t> loops_by_default(const MachineSizes& machine) {
  return std::max(1u, machine.processors / 2);
}

std::optional<std::uint64_t> workers_by_default(const MachineSizes& machine) {
  return std::max(2u, machine.processors);
}

std::optional<std::uint64_t> reserve_by_default(const MachineSizes& machine) {
  return std::clamp(machine.disk_mb / os::kDiskReserveShare, os::kDiskReserveMin / kMiB,
                    os::kDiskReserveMax / kMiB);
}

void visit_threads(Config& config, SettingVisitor& to) {
  to.number(
      "server.loops", config.loops,
      {.help = "event loops; 0 means half the cores", .high = 256, .stands_for = loops_by_default});
  to.number(
      "server.spin_us", config.spin_us,
      {.help = "how long a loop looks for answers before it sleeps: halves the time of a fast "
               "function",
       .unit = "us",
       .high = 1'000});
  to.number("server.workers", config.workers,
            {.help = "threads for control-plane operations; 0 means the cores",
             .high = 1024,
             .stands_for = workers_by_default});
  to.number("server.connections_max", config.connections_max,
            {.help = "open client connections", .low = 16, .high = 1'000'000});
  to.number("server.payloads_mb", config.payloads_mb,
            {.help = "memory for events of invocations at work, of which each caller has its share",
             .unit = "MiB",
             .low = 64,
             .high = 1 << 20});
}

void visit_metrics(Config& config, SettingVisitor& to) {
  to.text("metrics.signed", config.metrics_signed,
          {.help = "with auth = verify, whether /_lapwing/metrics and what /_lapwing/health says "
                   "beyond ok are the operator's: signed with a key of the configuration, or "
                   "in a session of one; auto: where the API listens beyond loopback. IAM's users "
                   "and roles, and functions, are refused then",
           .choices = "auto|always|never"});
  to.number("metrics.functions", config.metrics_functions,
            {.help = "functions with metrics of their own: the busiest", .high = 10'000});
}

}  // namespace

void Config::visit(SettingVisitor& to) {
  to.text("listen", listen, {.help = "address and port of the API"});
  to.text("data_dir", data_dir,
          {.help = "where everything durable lives; empty: ~/.local/share/lapwing",
           .example = "\"/var/lib/lapwing\""});
  to.text(
      "auth", auth,
      {.help = "who may call: anyone, verified signatures, or verified and authorised (enforce, "
               "which is not built yet)",
       .choices = "off|verify|enforce"});
  to.flag("insecure", insecure,
          {.help = "allow listening beyond loopback, though policies are not enforced"});
  to.list("server.hosts", hosts,
          {.help = "further host names under which clients may address this server",
           .example = "[\"lapwing.test\"]"});
  to.text("log.level", log_level,
          {.help = "least level written to stderr", .choices = "debug|info|warn|error"});
  to.text("clock", clock,
          {.help = "what services wait by (delays, retention, schedules): system, or manual, a "
                   "clock that only `lapwing clock advance` moves, for tests; functions keep real "
                   "time",
           .choices = "system|manual"});
  visit_threads(*this, to);
  to.number(
      "disk.reserve_mb", disk_reserve_mb,
      {.help = "what stays free of the data directory's file system, so that deletions always "
               "work: packages, images, snapshots and log events take nothing of it, "
               "functions' /tmp half; 0: 4 % of the file system, at least 128 MB, at most 2 "
               "GB",
       .unit = "MiB",
       .high = 1 << 30,
       .stands_for = reserve_by_default});
  visit_metrics(*this, to);
}

void visit_settings(Config& config, SettingVisitor& to) {
  config.visit(to);
  visit_rooms(config.others, to);
  visit_services(config.others, to);
}

namespace {

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
    config::TomlSetter setter(path, value);
    visit_settings(config, setter);
    if (!setter.found()) {
      return fail(invalid(fmt::format("line {}: unknown key '{}' (`lapwing config` lists them)",
                                      value.source().begin.line, path)));
    }
    if (const Status& set = setter.status(); !set) {
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

std::vector<ConfigKey> config_keys(const Config& config, const MachineSizes& machine) {
  Config shown = config;
  config::Lister lister(machine);
  visit_settings(shown, lister);
  return lister.take();
}

Status apply_setting(Config& config, std::string_view key_and_value) {
  const auto equals = key_and_value.find('=');
  if (equals == std::string_view::npos) {
    return fail(invalid(fmt::format(
        "--set {}: write --set key=value (`lapwing config` lists the keys)", key_and_value)));
  }
  config::TextSetter setter(key_and_value.substr(0, equals), key_and_value.substr(equals + 1));
  visit_settings(config, setter);
  if (setter.found()) return setter.status();
  return fail(invalid(fmt::format("--set {}: unknown key (`lapwing config` lists them)",
                                  key_and_value.substr(0, equals))));
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
  LAPWING_CHECK(check_rooms(config.others));
  LAPWING_CHECK(check_services(config.others));
  LAPWING_TRY(const auto address, parse_listen(config.listen));
  if (config.auth == "enforce") {
    // A promise of denial that is not kept would be worse than none.
    return fail(
        invalid("auth = enforce is not built yet: policies are not evaluated. auth = verify checks "
                "signatures; every known key may then do everything in its account"));
  }
  if (address.first != "localhost" && !net::Address::ip(address.first, address.second)) {
    return fail(invalid(fmt::format(
        "listen = {}: '{}' is no address: write an IP address of this machine or localhost, and a "
        "port, as in {}",
        config.listen, address.first, kDefaultListen)));
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
