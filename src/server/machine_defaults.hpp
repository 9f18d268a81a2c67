// What configuration keys come to whose 0 or "" leaves the value to the machine: for the server,
// and for `lapwing config`, which shows them.
//
// Thread-safety: pure functions over what the machine says of itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "os/disk_space.hpp"
#include "server/config.hpp"

namespace lapwing::server {

std::uint64_t memory_mb_max(const Config& config);      // engine.memory_mb_max
std::uint64_t memory_reserve_mb(const Config& config);  // engine.memory_reserve_mb
std::uint64_t sqs_bytes(const Config& config, const os::DiskSpace& disk);   // sqs.mb
std::uint64_t logs_bytes(const Config& config, const os::DiskSpace& disk);  // logs.mb
std::uint64_t logs_group_bytes(const Config& config,
                               const os::DiskSpace& disk);  // logs.function_mb

// By the name of the key, as it would be written.
std::map<std::string_view, std::string> machine_defaults();

}  // namespace lapwing::server
