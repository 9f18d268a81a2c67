#include "server/runtime_command.hpp"

#include <fmt/core.h>

#include "server/added_runtimes.hpp"
#include "server/machine_catalogue.hpp"

namespace lapwing::server {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "lapwing: {}\n", error.detail().empty() ? error.message() : error.detail());
  return 1;
}

}  // namespace

int run_runtime_add(const Config& config, const std::string& name, const std::string& from) {
  const auto added = AddedRuntimes(config.data_dir).add(name, from);
  if (!added) return complain(added.error());
  fmt::print("{} {} is kept in {}\n", added->name, added->version, added->tree);
  fmt::print("a server that is running on {} takes it up when it is restarted\n", config.data_dir);
  return 0;
}

int run_runtime_list(const Config& config) {
  for (const AddedRuntime& added : AddedRuntimes(config.data_dir).list()) {
    fmt::print("{:<12} {:<10} added      {}\n", added.name, added.version, added.tree);
  }
  for (const runtime::Interpreter& found : discover_runtimes(config).interpreters()) {
    if (found.origin == "added") continue;
    fmt::print("{:<12} {:<10} {:<10} {}\n", runtime::identifier_of(found), found.version,
               found.origin, found.host_path);
  }
  return 0;
}

int run_runtime_remove(const Config& config, const std::string& name) {
  const Status removed = AddedRuntimes(config.data_dir).remove(name);
  if (!removed) return complain(removed.error());
  fmt::print("{} is removed; a server that is running keeps it until it is restarted\n", name);
  return 0;
}

}  // namespace lapwing::server
