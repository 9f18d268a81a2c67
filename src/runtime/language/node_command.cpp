#include "runtime/language/node_command.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

namespace lapwing::runtime {
namespace {

// "20.17.0" -> 20017; parts that are no numbers count as 0.
int major_minor(std::string_view version) {
  int major = 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ptr != end && *first.ptr == '.') (void)std::from_chars(first.ptr + 1, end, minor);
  return major * 1000 + minor;
}

// Whether the function's NODE_OPTIONS say anything of it; Node.js takes either of - and _.
bool says(const RuntimeLaunch& launch, std::string_view option) {
  std::string options = launch.node_options;
  std::replace(options.begin(), options.end(), '_', '-');
  return options.find(option) != std::string::npos;
}

// Nine tenths for old objects, a twentieth for each half of the young. A function that says one of
// the two itself has the other from V8.
void add_heap(const RuntimeLaunch& launch, std::vector<std::string>& out) {
  if (says(launch, "--max-old-space-size") || says(launch, "--max-semi-space-size")) return;
  const std::uint32_t young = launch.memory_mb / 10;
  out.push_back(fmt::format("--max-semi-space-size={}", young / 2));
  out.push_back(fmt::format("--max-old-space-size={}", launch.memory_mb - young));
}

// What runtimes up to nodejs22.x do not have, though the interpreter that serves them may; a
// function has it all the same when its NODE_OPTIONS say so. Node.js ends at options it does not
// know.
void add_features(const RuntimeLaunch& launch, std::vector<std::string>& out) {
  constexpr int kLastWithout = 22;
  const int asked = launch.asked->major;
  const int version = major_minor(launch.version);
  if (asked > kLastWithout) return;
  const auto off = [&](std::string_view feature, bool known) {
    if (!known || says(launch, fmt::format("--experimental-{}", feature))) return;
    out.push_back(fmt::format("--no-experimental-{}", feature));
  };
  off("require-module", version >= 22000 || (version >= 20017 && version < 21000));
  // nodejs20.x has it, on AWS too.
  if (asked != 20) off("detect-module", version >= 21001 || (version >= 20010 && version < 21000));
}

// ES modules look for packages in NODE_PATH only where this helps them (from nodejs18.x on, as on
// AWS). Threads and forked processes inherit it.
void add_import_paths(const RuntimeLaunch& launch, std::vector<std::string>& out) {
  if (launch.asked->major < 18 || launch.major < 18) return;
  out.emplace_back("--expose-internals");
  out.emplace_back("--require=/var/runtime/lib/import_paths.cjs");
}

}  // namespace

std::vector<std::string> node_command(const RuntimeLaunch& launch) {
  std::vector<std::string> out = {launch.interpreter, "--expose-gc",
                                  "--max-http-header-size=81920"};
  add_heap(launch, out);
  add_features(launch, out);
  add_import_paths(launch, out);
  // Last: wrappers put options of their own before it.
  out.emplace_back("/var/runtime/bootstrap.cjs");
  return out;
}

}  // namespace lapwing::runtime
