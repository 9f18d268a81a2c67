#include "server/machine_defaults.hpp"

#include <algorithm>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/bytes.hpp"
#include "os/cgroup_layout.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/process_budget.hpp"

namespace lapwing::server {
namespace {

std::uint64_t machine_mb() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) / kMiB;
}

std::string nearest_directory(std::string path) {
  while (!os::is_directory(path)) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    path.resize(std::max<std::size_t>(slash, 1));
  }
  return path;
}

}  // namespace

std::uint64_t memory_mb_max(const Config& config) {
  return config.memory_mb_max != 0 ? static_cast<std::uint64_t>(config.memory_mb_max)
                                   : machine_mb() * 3 / 4;
}

std::uint64_t memory_reserve_mb(const Config& config) {
  return config.memory_reserve_mb != 0 ? static_cast<std::uint64_t>(config.memory_reserve_mb)
                                       : machine_mb() / 20;
}

std::uint64_t logs_bytes(const Config& config, const os::DiskSpace& disk) {
  return config.logs_mb != 0 ? static_cast<std::uint64_t>(config.logs_mb) * kMiB
                             : disk.look().total / 4;
}

std::uint64_t sqs_bytes(const Config& config, const os::DiskSpace& disk) {
  return config.sqs_mb != 0 ? static_cast<std::uint64_t>(config.sqs_mb) * kMiB
                            : disk.look().total / 4;
}

std::uint64_t logs_group_bytes(const Config& config, const os::DiskSpace& disk) {
  return config.logs_function_mb != 0 ? static_cast<std::uint64_t>(config.logs_function_mb) * kMiB
                                      : logs_bytes(config, disk) / 2;
}

std::map<std::string_view, std::string> machine_defaults() {
  Config config;
  std::map<std::string_view, std::string> out;
  if (!finish_config(config)) return out;  // no HOME: there is no data directory by itself
  const auto say = [&out](std::string_view key, std::uint64_t value) {
    out[key] = fmt::format("{}", value);
  };
  out["data_dir"] = fmt::format("\"{}\"", config.data_dir);
  say("server.loops", static_cast<std::uint64_t>(config.loops));
  say("server.workers", static_cast<std::uint64_t>(config.workers));
  say("engine.memory_mb_max", memory_mb_max(config));
  say("engine.memory_reserve_mb", memory_reserve_mb(config));
  if (const auto layout = os::detect_cgroup_layout()) {
    say("sandbox.processes_max", sandbox::default_processes_budget(*layout));
  }
  if (const auto most = os::read_file("/proc/sys/net/netfilter/nf_conntrack_max")) {
    say("sandbox.connections_max",
        strtoull(most->c_str(), nullptr, 10) / sandbox::kConnectionsPart);
  }
  const os::DiskSpace disk(nearest_directory(config.data_dir));
  say("disk.reserve_mb", disk.look().reserve / kMiB);
  say("sqs.mb", sqs_bytes(config, disk) / kMiB);
  say("logs.mb", logs_bytes(config, disk) / kMiB);
  say("logs.function_mb", logs_group_bytes(config, disk) / kMiB);
  return out;
}

}  // namespace lapwing::server
